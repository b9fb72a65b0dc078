package config

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// field is one key of the config: a section (a struct) or a value.
type field struct {
	key   string // "": the field has no yaml tag
	name  string // of the Go field
	flag  string // that sets it too; "": none
	doc   string
	rng   string
	words []string // that a value may be; empty: any
	late  bool
	value reflect.Value
}

// fieldsOf lists the keys of the struct that p points to, those of embedded
// structs in their place.
func fieldsOf(p any) []field { return fieldsIn(reflect.ValueOf(p).Elem()) }

func fieldsIn(v reflect.Value) []field {
	var list []field
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Tag.Get("yaml") == "-" || !f.Anonymous && !f.IsExported() {
			continue
		}
		if f.Anonymous {
			list = append(list, fieldsIn(v.Field(i))...)
			continue
		}
		list = append(list, fieldOf(f, v.Field(i)))
	}
	return list
}

func fieldOf(f reflect.StructField, v reflect.Value) field {
	one := field{key: f.Tag.Get("yaml"), name: f.Name, flag: f.Tag.Get("flag"), doc: f.Tag.Get("doc"), rng: f.Tag.Get("range"), late: f.Tag.Get("late") == "yes", value: v}
	if words := f.Tag.Get("oneof"); words != "" {
		one.words = strings.Split(words, ",")
	}
	if w, ok := v.Interface().(interface{ Words() []string }); ok && v.Kind() == reflect.String {
		one.words = w.Words()
	}
	return one
}

func (f field) section() bool { return f.value.Kind() == reflect.Struct }

// visit goes through all values, with their dotted paths.
func visit(fields []field, path string, do func(path string, f field)) {
	for _, f := range fields {
		if f.section() {
			visit(fieldsIn(f.value), path+f.key+".", do)
			continue
		}
		do(path+f.key, f)
	}
}

// checkTags reports a field that no file could set: the mistake of who wrote
// the struct.
func checkTags(fields []field, path string) error {
	for _, f := range fields {
		switch {
		case f.key == "":
			return fmt.Errorf("config: field %s%s has no yaml tag; want its key, or \"-\"", path, f.name)
		case f.section():
			if err := checkTags(fieldsIn(f.value), path+f.name+"."); err != nil {
				return err
			}
			continue
		case !f.settable():
			return fmt.Errorf("config: field %s%s is of type %s; want text, a list of texts, bool, int, int64, uint64, float64 or map[string]any", path, f.name, f.value.Type())
		}
		if low, high := bounds(f.rng); low.bad || high.bad || f.rng != "" && !strings.Contains(f.rng, "..") {
			return fmt.Errorf("config: field %s%s has the range %q; want two numbers with .. between, either may be missing", path, f.name, f.rng)
		}
	}
	return nil
}

// settable tells the types that a value can be read into.
func (f field) settable() bool {
	switch f.value.Kind() {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int64, reflect.Uint64, reflect.Float64:
		return true
	}
	return f.value.Type() == reflect.TypeFor[[]string]() || f.value.Type() == reflect.TypeFor[map[string]any]()
}

func keysOf(fields []field) []string {
	keys := make([]string, len(fields))
	for i, f := range fields {
		keys[i] = f.key
	}
	return keys
}

// check says what the value should have been; empty where it is fine.
func (f field) check() (want string) {
	switch f.value.Kind() {
	case reflect.String:
		return f.checkWord()
	case reflect.Int, reflect.Int64:
		return f.checkNumber(float64(f.value.Int()))
	case reflect.Float64:
		if x := f.value.Float(); math.IsNaN(x) || math.IsInf(x, 0) {
			return "a finite number"
		}
		return f.checkNumber(f.value.Float())
	}
	return ""
}

func (f field) checkWord() string {
	if len(f.words) == 0 {
		return ""
	}
	for _, w := range f.words {
		if f.value.String() == w {
			return ""
		}
	}
	return f.legal()
}

func (f field) checkNumber(x float64) string {
	if f.rng == "" {
		return ""
	}
	low, high := bounds(f.rng)
	if low.allows(x, 1) && high.allows(x, -1) {
		return ""
	}
	return f.legal()
}

// bound is one end of a range.
type bound struct {
	set, bad bool
	at       float64
	excluded bool
}

// allows reports whether x lies on the side of the bound that sign points to.
func (b bound) allows(x, sign float64) bool {
	return !b.set || sign*(x-b.at) > 0 || x == b.at && !b.excluded
}

// bounds parses a range tag: "1..", "0..1", "0<..10" (0 itself is not in it),
// "0..<1" (1 itself is not).
func bounds(rng string) (low, high bound) {
	a, b, _ := strings.Cut(rng, "..")
	a, lowOut := strings.CutSuffix(a, "<")
	b, highOut := strings.CutPrefix(b, "<")
	return parseBound(a, lowOut), parseBound(b, highOut)
}

func parseBound(s string, excluded bool) bound {
	if s == "" {
		return bound{}
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return bound{bad: true}
	}
	return bound{set: true, at: x, excluded: excluded}
}

// legal says in words what a value may be: "> 0 and at most 100", "one of
// lars, momentum, adam"; empty where anything goes.
func (f field) legal() string {
	if len(f.words) > 0 {
		return "one of " + strings.Join(f.words, ", ")
	}
	if f.rng == "" {
		return ""
	}
	low, high := bounds(f.rng)
	var parts []string
	switch {
	case low.set && low.excluded:
		parts = append(parts, "> "+number(low.at))
	case low.set:
		parts = append(parts, "at least "+number(low.at))
	}
	switch {
	case high.set && high.excluded:
		parts = append(parts, "below "+number(high.at))
	case high.set:
		parts = append(parts, "at most "+number(high.at))
	}
	return strings.Join(parts, " and ")
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
