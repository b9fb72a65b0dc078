package config

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/table"
)

// document is a parsed config file.
type document struct {
	path string
	body ast.Node // nil: it says nothing
}

func readDocument(path string) (*document, error) {
	data, err := read(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the config: %w", err)
	}
	text, guess, err := table.Text(path, data)
	switch {
	case err != nil:
		return nil, err
	case guess != "": // a wrong guess would change paths in silence
		return nil, fmt.Errorf("%s: the config is neither UTF-8 nor marked as UTF-16; save it as UTF-8", path)
	}
	return parseDocument(path, text)
}

// read reads a file of this machine or of a store.
func read(path string) ([]byte, error) {
	f, err := blob.OpenFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

func parseDocument(path string, data []byte) (d *document, err error) {
	defer func() { // a parser that gives up on foreign bytes is no bug of ours
		if r := recover(); r != nil {
			d, err = nil, fmt.Errorf("%s: not YAML that can be read: %v", path, r)
		}
	}()
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, syntaxError(path, err)
	}
	d = &document{path: path}
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType || doc.Body.Type() == ast.NullType {
			continue
		}
		if d.body != nil {
			return nil, fmt.Errorf("%s: a second document starts here; a config is one", d.position(doc.Body))
		}
		d.body = doc.Body
	}
	return d, nil
}

func syntaxError(path string, err error) error {
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil {
		p := at.GetToken().Position
		return fmt.Errorf("%s:%d:%d: %s", path, p.Line, p.Column, at.GetMessage())
	}
	return fmt.Errorf("%s: %s", path, strings.TrimSpace(err.Error()))
}

// position is where a node stands: "config.yaml:3:5".
func (d *document) position(n ast.Node) string {
	p := n.GetToken().Position
	return fmt.Sprintf("%s:%d:%d", d.path, p.Line, p.Column)
}

// preset is the value of the key "preset", which no field has.
func (d *document) preset() ast.Node {
	for _, pair := range pairs(d.body) {
		if pair.Key.GetToken().Value == presetKey {
			return pair.Value
		}
	}
	return nil
}

const presetKey = "preset"

// pairs are the keys and values of a mapping; none where n is none.
func pairs(n ast.Node) []*ast.MappingValueNode {
	switch m := n.(type) {
	case *ast.MappingNode:
		return m.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{m}
	}
	return nil
}
