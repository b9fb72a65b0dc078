package config

import (
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/goccy/go-yaml/ast"

	"github.com/retort-ml/retort/internal/didyoumean"
)

// Schema is a kind of config: C is a struct as the package describes it.
type Schema[C any] struct {
	// Base is the config whose values Print calls the defaults; nil is the zero C.
	Base func() C
	// Presets are recipes by name, in the order in which they are listed to
	// people; with none, Base is what files and settings are laid over.
	Presets []Preset[C]
	// Default names the preset where neither command line nor file does.
	Default string
}

// A Preset is a named recipe.
type Preset[C any] struct {
	Name string
	Doc  string // what it is for, what it costs
	Make func() C
}

// Of is the schema of a config without presets, whose defaults are those of
// base.
func Of[C any](base C) Schema[C] { return Schema[C]{Base: func() C { return base }} }

// Map is a schema whose configs are made of those of another: how a program
// adds keys of its own to a config that has presets.
//
//	type Config struct {
//		simclrv2.Config `yaml:",inline"`
//		Sharp           Sharp `yaml:"sharp"`
//	}
//
//	var schema = config.Map(simclrv2.Schema, func(c simclrv2.Config) Config { return Config{Config: c, Sharp: Sharp{100}} })
func Map[C, D any](s Schema[C], add func(C) D) Schema[D] {
	mapped := Schema[D]{Base: func() D { return add(s.base()) }, Default: s.Default}
	for _, p := range s.Presets {
		mapped.Presets = append(mapped.Presets, Preset[D]{p.Name, p.Doc, func() D { return add(p.Make()) }})
	}
	return mapped
}

func (s Schema[C]) base() (c C) {
	if s.Base != nil {
		return s.Base()
	}
	return c
}

// ByName returns the preset of that name.
func (s Schema[C]) ByName(name string) (C, error) {
	for _, p := range s.Presets {
		if p.Name == name {
			return p.Make(), nil
		}
	}
	return s.base(), fmt.Errorf("unknown preset %q%s", name, didyoumean.Hint(name, s.Names()))
}

// Names of the presets.
func (s Schema[C]) Names() []string {
	names := make([]string, len(s.Presets))
	for i, p := range s.Presets {
		names[i] = p.Name
	}
	return names
}

// Load resolves a config: the preset (by name; empty takes the file's
// "preset:" key, else the default), over it the YAML file (empty: none), over
// it settings such as "pretrain.epochs=20". The error has one line for each
// thing that is wrong, with line and column in the file or the setting that it
// stands in.
func (s Schema[C]) Load(preset, file string, settings []string) (C, error) {
	c := s.base()
	if k := reflect.TypeFor[C]().Kind(); k != reflect.Struct {
		return c, fmt.Errorf("config: %T is a %s; want a struct", c, k)
	}
	if err := checkTags(fieldsOf(&c), ""); err != nil {
		return c, err
	}
	doc := &document{}
	if file != "" {
		var err error
		if doc, err = readDocument(file); err != nil {
			return c, err
		}
	}
	c, err := s.start(preset, doc)
	if err != nil {
		return c, err
	}
	l := loader{where: doc.position, anchors: map[string]ast.Node{}, root: fieldsOf(&c), presets: len(s.Presets) > 0}
	l.mapping(l.root, "", doc.body)
	for _, setting := range settings {
		l.set(setting)
	}
	return c, errors.Join(l.problems...)
}

// start is the config that everything else is laid over.
func (s Schema[C]) start(preset string, file *document) (C, error) {
	if preset != "" {
		return s.ByName(preset)
	}
	if len(s.Presets) == 0 {
		return s.base(), nil
	}
	node := file.preset()
	if node == nil {
		if s.Default == "" {
			return s.base(), nil
		}
		return s.ByName(s.Default)
	}
	text, ok := textOf(node)
	if !ok {
		return s.base(), fmt.Errorf("%s: preset = %s; want the name of a preset", file.position(node), shown(node))
	}
	c, err := s.ByName(text)
	if err != nil {
		return c, fmt.Errorf("%s: %w", file.position(node), err)
	}
	return c, nil
}

// Check reports the values of a config that Load would not let through: for
// configs that a program made.
func (s Schema[C]) Check(c C) error {
	var problems []error
	visit(fieldsOf(&c), "", func(path string, f field) {
		if want := f.check(); want != "" {
			problems = append(problems, fmt.Errorf("%s = %s; want %s", path, literal(f.value), want))
		}
	})
	return errors.Join(problems...)
}

// Print writes a whole config as YAML that Load reads back to the same. A
// comment after every value says what it is, what it may be, and its default.
func (s Schema[C]) Print(w io.Writer, c C) error {
	std := s.base()
	return printConfig(w, fieldsOf(&c), fieldsOf(&std), true)
}

// Record is Print for what is stored and compared with the config of a later
// program: late keys are left out at their default, so that what was stored
// before they came is not another config.
func (s Schema[C]) Record(w io.Writer, c C) error {
	std := s.base()
	return printConfig(w, fieldsOf(&c), fieldsOf(&std), false)
}

// Keys are the dotted paths of all values of C, in order.
func (s Schema[C]) Keys() []string {
	var keys []string
	visit(fieldsIn(reflect.New(reflect.TypeFor[C]()).Elem()), "", func(path string, _ field) { keys = append(keys, path) })
	return keys
}
