package config

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
)

const wantMap = "keys with numbers, texts, true or false, such as {weight: 0.5}"

// assignMap lays the mapping n over v, a map[string]any: keys that it does not
// name stay.
func assignMap(v reflect.Value, n ast.Node, resolve func(ast.Node) ast.Node) (want string, ok bool) {
	if m, empty := n.(*ast.MappingNode); n.Type() == ast.NullType || empty && len(m.Values) == 0 {
		return "", true
	}
	if pairs(n) == nil {
		return wantMap, false
	}
	for _, pair := range pairs(n) {
		value, ok := scalar(resolve(pair.Value))
		key := pair.Key.GetToken().Value
		if !ok || !utf8.ValidString(key) {
			return wantMap, false
		}
		setKey(v, key, value)
	}
	return "", true
}

// setKey sets a key of a copy of v's map: that of a preset may be shared.
func setKey(v reflect.Value, key string, value any) {
	all := maps.Clone(v.Interface().(map[string]any))
	if all == nil {
		all = map[string]any{}
	}
	all[key] = value
	v.Set(reflect.ValueOf(all))
}

// scalar is what n says where no field says what it must be: a whole number is
// an int64 however it is written, so that it is printed as it is read.
func scalar(n ast.Node) (value any, ok bool) {
	if n == nil {
		return nil, false
	}
	if b, isBool := n.(*ast.BoolNode); isBool {
		return b.Value, true
	}
	if text, plain := plainText(n); plain {
		if i, err := strconv.ParseInt(text, 10, 64); err == nil {
			return i, true
		}
		x, err := strconv.ParseFloat(text, 64)
		switch {
		case err == nil && x == math.Trunc(x) && math.Abs(x) < 1<<53:
			return int64(x), true
		case err == nil && !math.IsInf(x, 0) && !math.IsNaN(x):
			return x, true
		}
	}
	text, ok := textOf(n)
	return text, ok && utf8.ValidString(text)
}

// mapLiteral is a map as YAML, its keys sorted.
func mapLiteral(m map[string]any) string {
	var items []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		items = append(items, strconv.Quote(key)+": "+valueLiteral(m[key]))
		if plain := quoted(key); plain == key {
			items[len(items)-1] = key + ": " + valueLiteral(m[key])
		}
	}
	return "{" + strings.Join(items, ", ") + "}"
}

func valueLiteral(value any) string {
	switch x := value.(type) {
	case string:
		return strconv.Quote(x)
	case float64:
		return number(x)
	}
	return fmt.Sprint(value)
}
