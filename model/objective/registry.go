package objective

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"sync"

	"github.com/retort-ml/retort/internal/didyoumean"
)

// Name is what an objective is registered under.
type Name string

// former are the words that stand for names in what was written before
// objectives had any. They are still written, so that nothing is made again.
var former = map[Name]string{NTXent: "contrast"}

// MarshalText writes a name as specifications hold it.
func (n Name) MarshalText() ([]byte, error) {
	if word, ok := former[n]; ok {
		return []byte(word), nil
	}
	return []byte(n), nil
}

// UnmarshalText reads what MarshalText wrote. Whether a name is known shows when
// it is used.
func (n *Name) UnmarshalText(text []byte) error {
	*n = Name(text)
	for name, word := range former {
		if word == string(text) {
			*n = name
		}
	}
	return nil
}

var registry struct {
	sync.RWMutex
	fresh map[Name]func() Objective
}

var words = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)

// Register makes an objective known under a name of lower case letters, digits,
// - and _. fresh returns a new one, a pointer to a struct, with the settings that
// hold where nobody says otherwise. Register is called from init; a name that is
// taken is a panic.
func Register(name string, fresh func() Objective) {
	registry.Lock()
	defer registry.Unlock()
	n, word := Name(name), former[Name(name)]
	if !words.MatchString(name) || word == "" && slices.Contains(slices.Collect(maps.Values(former)), name) {
		panic(fmt.Sprintf("objective: cannot register %q: want a name of lower case letters, digits, - and _", name))
	}
	if registry.fresh[n] != nil {
		panic(fmt.Sprintf("objective: %q is registered already", name))
	}
	if t := reflect.TypeOf(fresh()); t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("objective: %q is a %s; want a pointer to a struct", name, t))
	}
	if registry.fresh == nil {
		registry.fresh = map[Name]func() Objective{}
	}
	registry.fresh[n] = fresh
}

// Names are the registered objectives, sorted.
func Names() []Name {
	registry.RLock()
	defer registry.RUnlock()
	return slices.Sorted(maps.Keys(registry.fresh))
}

// Unlabelled are the registered objectives that need neither labels nor a
// teacher, sorted.
func Unlabelled() []Name {
	return slices.DeleteFunc(Names(), func(n Name) bool {
		o, err := start(n)
		return err != nil || !o.Needs().Unlabelled()
	})
}

// start is a new objective of a name, with its defaults.
func start(name Name) (Objective, error) {
	registry.RLock()
	fresh := registry.fresh[name]
	registry.RUnlock()
	if fresh == nil {
		return nil, fmt.Errorf("objective = %q is not registered%s", name, Hint(name, Names()))
	}
	return fresh(), nil
}

// Hint says what a name may have been meant to be.
func Hint(name Name, known []Name) string {
	list := make([]string, len(known))
	for i, k := range known {
		list[i] = string(k)
	}
	return didyoumean.Hint(string(name), list)
}
