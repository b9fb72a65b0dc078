package pipelines

import (
	"encoding/json"
	"reflect"
	"strings"
)

// kindOf is what messages and manifests call a kind of artifact.
func kindOf(t reflect.Type) string {
	if t == nil {
		return "none"
	}
	return strings.ToLower(t.Name())
}

// decodeLike makes a new stage of s's type from its config.
func decodeLike(s any, config []byte) (any, error) {
	t := reflect.TypeOf(s)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	v := reflect.New(t)
	if err := json.Unmarshal(config, v.Interface()); err != nil {
		return nil, err
	}
	return v.Interface(), nil
}
