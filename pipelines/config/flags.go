package config

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Flag is a key that has a command-line flag of its own (tag flag).
type Flag struct {
	Name    string
	Doc     string
	Default string // that of Base, "" for nothing
	List    bool   // it may be given again
	Bool    bool   // it may be given without a value
}

// Flags are the flags of a config, in order.
func (s Schema[C]) Flags() []Flag {
	c := s.base()
	var flags []Flag
	for _, f := range flagged(reflect.ValueOf(&c).Elem()) {
		one := Flag{Name: f.flag, Doc: f.explained(), List: f.value.Kind() == reflect.Slice, Bool: f.value.Kind() == reflect.Bool}
		if !f.value.IsZero() {
			one.Default = plain(f.value)
		}
		flags = append(flags, one)
	}
	return flags
}

func (f field) explained() string {
	if legal := f.legal(); legal != "" {
		return f.doc + "; " + legal
	}
	return f.doc
}

func plain(v reflect.Value) string {
	if v.Kind() == reflect.String {
		return v.String()
	}
	return literal(v)
}

// flagged are the fields with a flag, those without a key among them.
func flagged(v reflect.Value) (list []field) {
	if v.Kind() != reflect.Struct {
		return nil
	}
	for i := range v.NumField() {
		switch f := v.Type().Field(i); {
		case v.Field(i).Kind() == reflect.Struct && (f.IsExported() || f.Anonymous):
			list = append(list, flagged(v.Field(i))...)
		case f.IsExported() && f.Tag.Get("flag") != "":
			list = append(list, fieldOf(f, v.Field(i)))
		}
	}
	return list
}

// SetFlag lays what was given to a flag over c. The error says what the value
// should have been.
func (s Schema[C]) SetFlag(c *C, name string, values []string) error {
	for _, f := range flagged(reflect.ValueOf(c).Elem()) {
		if f.flag == name {
			return f.setPlain(values)
		}
	}
	return fmt.Errorf("there is no flag --%s", name)
}

func (f field) setPlain(values []string) error {
	text := strings.Join(values, "")
	switch f.value.Kind() {
	case reflect.Slice:
		f.value.Set(reflect.ValueOf(append([]string(nil), values...)))
		return nil
	case reflect.String:
		f.value.SetString(text)
	default:
		d, err := parseDocument("", []byte(text))
		if err != nil || d.body == nil {
			return fmt.Errorf("%q is no value", text)
		}
		if want, ok := assign(f.value, d.body, func(n ast.Node) ast.Node { return n }); !ok {
			return fmt.Errorf("want %s", want)
		}
	}
	if want := f.check(); want != "" {
		return fmt.Errorf("want %s%s", want, f.hint(text))
	}
	return nil
}
