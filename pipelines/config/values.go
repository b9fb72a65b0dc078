package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"

	"github.com/retort-ml/retort/internal/didyoumean"
)

// loader lays YAML over a config and collects what is wrong with it.
type loader struct {
	where    func(ast.Node) string // how a problem names its place
	anchors  map[string]ast.Node
	problems []error
	root     []field // of the whole config
	presets  bool    // the key "preset" is known
}

func (l *loader) fail(at ast.Node, format string, args ...any) {
	l.problems = append(l.problems, fmt.Errorf("%s: %s", l.where(at), fmt.Sprintf(format, args...)))
}

// mapping lays the mapping n over fields. path is the section's, with a dot.
func (l *loader) mapping(fields []field, path string, n ast.Node) {
	n = l.resolve(n)
	if n == nil || n.Type() == ast.NullType {
		return
	}
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) == 0 {
		return
	}
	if len(fields) == 0 {
		l.fail(n, "%s has no keys", sectionName(path))
		return
	}
	if pairs(n) == nil {
		l.fail(n, "%s = %s; want keys with values, such as %s: …", sectionName(path), shown(n), fields[0].key)
		return
	}
	for _, pair := range pairs(n) {
		l.pair(fields, path, pair)
	}
}

func sectionName(path string) string {
	if path == "" {
		return "the config"
	}
	return strings.TrimSuffix(path, ".")
}

func (l *loader) pair(fields []field, path string, pair *ast.MappingValueNode) {
	key := pair.Key.GetToken().Value
	if path == "" && key == presetKey && l.presets {
		return // resolved before
	}
	known := keysOf(fields)
	if path == "" && l.presets {
		known = append(known, presetKey)
	}
	for _, f := range fields {
		if f.key == key {
			l.value(f, path+key, pair.Value)
			return
		}
	}
	l.fail(pair.Key, "unknown key %q%s", key, l.elsewhere(path, key, known))
}

// elsewhere hints at the nearest key of the section, or at another section
// that has a key of just this name.
func (l *loader) elsewhere(path, key string, known []string) string {
	for _, section := range l.root {
		if section.section() && path != section.key+"." {
			for _, f := range fieldsIn(section.value) {
				if f.key == key {
					return fmt.Sprintf("; did you mean %q?", section.key+"."+key)
				}
			}
		}
	}
	return didyoumean.Hint(key, known)
}

// value lays n over one field, which keeps its value where n is no good.
func (l *loader) value(f field, path string, n ast.Node) {
	at := n
	if n = l.resolve(n); n == nil {
		l.fail(at, "%s has no value", path)
		return
	}
	if f.section() {
		l.mapping(fieldsIn(f.value), path+".", n)
		return
	}
	before := reflect.New(f.value.Type()).Elem()
	before.Set(f.value)
	want, ok := assign(f.value, n, l.resolve)
	if ok {
		if want = f.check(); want == "" {
			return
		}
	}
	f.value.Set(before)
	hint := ""
	if text, isText := textOf(n); isText {
		hint = f.hint(text)
	}
	l.fail(at, "%s = %s; want %s%s", path, shown(n), want, hint)
}

// hint is the nearest of the words that a value may be; what it wants lists
// them anyway.
func (f field) hint(text string) string {
	return didyoumean.Near(text, f.words)
}

// resolve follows anchors and aliases. Schema and fixed depth keep what they
// stand for from growing.
func (l *loader) resolve(n ast.Node) ast.Node {
	switch v := n.(type) {
	case *ast.AnchorNode:
		l.anchors[v.Name.GetToken().Value] = v.Value
		return v.Value
	case *ast.AliasNode:
		return l.anchors[v.Value.GetToken().Value]
	}
	return n
}

// assign sets v to what n says. Where it cannot, want says what v takes.
func assign(v reflect.Value, n ast.Node, resolve func(ast.Node) ast.Node) (want string, ok bool) {
	switch v.Kind() {
	case reflect.String:
		s, isText := textOf(n)
		if isText && utf8.ValidString(s) {
			v.SetString(s)
			return "", true
		}
		return fmt.Sprintf("text (in quotes: %q)", n.GetToken().Value), false
	case reflect.Bool:
		b, isBool := n.(*ast.BoolNode)
		if isBool {
			v.SetBool(b.Value)
		}
		return "true or false", isBool
	case reflect.Slice:
		return assignList(v, n, resolve)
	case reflect.Map:
		return assignMap(v, n, resolve)
	}
	return assignNumber(v, n)
}

func assignNumber(v reflect.Value, n ast.Node) (want string, ok bool) {
	text, plain := plainText(n)
	var err error
	switch v.Kind() {
	case reflect.Int, reflect.Int64:
		var i int64
		i, err = strconv.ParseInt(text, 10, 64)
		v.SetInt(i)
		want = "a whole number"
	case reflect.Uint64:
		var u uint64
		u, err = strconv.ParseUint(text, 10, 64)
		v.SetUint(u)
		want = "a whole number, at least 0"
	case reflect.Float64:
		var x float64
		x, err = strconv.ParseFloat(text, 64)
		v.SetFloat(x)
		want = "a number"
	}
	return want, plain && err == nil
}

func assignList(v reflect.Value, n ast.Node, resolve func(ast.Node) ast.Node) (want string, ok bool) {
	items := []ast.Node{n} // one item needs no brackets
	if s, isList := n.(*ast.SequenceNode); isList {
		items = s.Values
	}
	list := make([]string, 0, len(items))
	for _, item := range items {
		if item = resolve(item); item == nil {
			return "a list of texts", false
		}
		s, isText := textOf(item)
		if !isText || !utf8.ValidString(s) {
			return "a list of texts", false
		}
		list = append(list, s)
	}
	if len(list) == 0 {
		list = nil
	}
	v.Set(reflect.ValueOf(list))
	return "", true
}

// textOf is what a scalar that is text says.
func textOf(n ast.Node) (string, bool) {
	switch s := n.(type) {
	case *ast.StringNode:
		return s.Value, true
	case *ast.LiteralNode:
		return s.Value.Value, true
	}
	return "", false
}

// plainText is a scalar that is not in quotes, as it was written.
func plainText(n ast.Node) (string, bool) {
	switch s := n.(type) {
	case *ast.IntegerNode:
		return s.Token.Value, true
	case *ast.FloatNode:
		return s.Token.Value, true
	case *ast.StringNode: // 1e-05 is a number in YAML 1.2, whatever a parser thinks
		return s.Value, s.Token.Origin == "" || !strings.ContainsAny(s.Token.Origin, `"'`)
	}
	return "", false
}

// shown is a value as a message quotes it.
func shown(n ast.Node) string {
	switch v := n.(type) {
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a section"
	case *ast.NullNode:
		return "nothing"
	case *ast.StringNode:
		return strconv.Quote(v.Value)
	}
	return n.GetToken().Value
}
