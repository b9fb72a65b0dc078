package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/retort-ml/retort/internal/didyoumean"
)

// Value is a part of a YAML file whose form no struct describes: a reader goes
// through it by [Value.Fields], [Value.Items] and [Value.Text], and says what is
// wrong by [Value.Errorf], with line and column.
type Value struct {
	doc  *document
	node ast.Node
}

// Field is one key of a mapping.
type Field struct {
	Key   string
	Value Value
	key   Value
}

// ErrEmpty is the error of a file in which nothing stands but comments.
var ErrEmpty = errors.New("the file is empty, or has only comments")

// Read parses the YAML file at path, one document. An empty file is [ErrEmpty].
func Read(path string) (Value, error) {
	d, err := readDocument(path)
	if err == nil && d.body == nil {
		err = fmt.Errorf("%s: %w", path, ErrEmpty)
	}
	if err != nil {
		return Value{}, err
	}
	return Value{d, d.body}, nil
}

// Errorf is an error about the value, with where it stands.
func (v Value) Errorf(format string, args ...any) error {
	return fmt.Errorf("%s: %w", v.doc.position(v.node), fmt.Errorf(format, args...))
}

// Fields are the keys of a mapping, in order. Where known names keys, any other
// is an error; what names the mapping in messages.
func (v Value) Fields(what string, known ...string) ([]Field, error) {
	if m, ok := v.node.(*ast.MappingNode); ok && len(m.Values) == 0 {
		return nil, nil
	}
	list := pairs(v.node)
	if list == nil {
		return nil, v.Errorf("%s = %s; want keys with values", what, shown(v.node))
	}
	var fields []Field
	var problems []error
	for _, pair := range list {
		f := Field{Key: pair.Key.GetToken().Value, Value: Value{v.doc, pair.Value}, key: Value{v.doc, pair.Key}}
		if len(known) > 0 && indexOf(known, f.Key) < 0 {
			problems = append(problems, f.Errorf("unknown key %q%s", f.Key, didyoumean.Hint(f.Key, known)))
		}
		fields = append(fields, f)
	}
	return fields, errors.Join(problems...)
}

// Errorf is an error about the key.
func (f Field) Errorf(format string, args ...any) error { return f.key.Errorf(format, args...) }

// Items are the items of a list; what is none is a list of one.
func (v Value) Items() []Value {
	s, ok := v.node.(*ast.SequenceNode)
	if !ok {
		return []Value{v}
	}
	items := make([]Value, len(s.Values))
	for i, n := range s.Values {
		items[i] = Value{v.doc, n}
	}
	return items
}

// Text is a scalar as it is written, without quotes; false for anything else.
func (v Value) Text() (string, bool) {
	if text, ok := textOf(v.node); ok {
		return text, true
	}
	switch v.node.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return strings.TrimSpace(v.node.GetToken().Value), true
	}
	return "", false
}

// Shown is the value as a message quotes it.
func (v Value) Shown() string { return shown(v.node) }
