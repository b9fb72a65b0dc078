package simclrv2

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// field is one key of the config: a section (a struct) or a value.
type field struct {
	key   string
	doc   string
	rng   string
	words []string // that a value may be; empty: any
	value reflect.Value
}

// fieldsOf lists the keys of the struct that p points to, those of embedded
// structs in their place.
func fieldsOf(p any) []field { return fieldsIn(reflect.ValueOf(p).Elem()) }

func fieldsIn(v reflect.Value) []field {
	var list []field
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Tag.Get("yaml") == "-" {
			continue
		}
		if f.Anonymous {
			list = append(list, fieldsIn(v.Field(i))...)
			continue
		}
		one := field{key: f.Tag.Get("yaml"), doc: f.Tag.Get("doc"), rng: f.Tag.Get("range"), value: v.Field(i)}
		if words := f.Tag.Get("oneof"); words != "" {
			one.words = strings.Split(words, ",")
		}
		list = append(list, one)
	}
	return list
}

func (f field) section() bool { return f.value.Kind() == reflect.Struct }

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
	set      bool
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
		panic(fmt.Sprintf("simclrv2: range tag with the bound %q", s)) // a test visits every tag
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
