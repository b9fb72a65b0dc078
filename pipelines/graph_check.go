package pipelines

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
)

var validName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

func (g *Graph) fail(format string, args ...any) {
	g.errs = append(g.errs, fmt.Errorf(format, args...))
}

// Fail notes what is wrong with a graph, for Check to report: for functions
// that add stages and return their edges, as Add does.
func (g *Graph) Fail(err error) { g.errs = append(g.errs, err) }

func (g *Graph) check(n *node, inputs int, source bool) {
	if !validName.MatchString(n.name) {
		g.fail("stage name %q; want lower-case letters, digits, '.', '_' and '-', at most 64", n.name)
	}
	for _, other := range g.nodes[:len(g.nodes)-1] {
		if other.name == n.name {
			g.fail("two stages are named %q; every stage needs a name of its own", n.name)
		}
	}
	switch {
	case source && inputs > 0 && !n.in.IsZero():
		g.fail("%s: reads nothing by position, but got an input", n.name)
	case !source && inputs == 0:
		g.fail("%s: its input is missing; pass the edge to Add", n.name)
	case inputs > 1:
		g.fail("%s: got %d inputs by position, want 1 (further ones are fields of the stage)", n.name, inputs)
	case !source && n.in.IsZero():
		g.fail("%s: its input is an edge that carries nothing", n.name)
	}
	for _, err := range []error{checkConfig(n.stage), validate(n.stage)} {
		if err != nil {
			g.fail("%s: %w", n.name, err)
		}
	}
	if len(g.errs) > 0 {
		return
	}
	if err := wantsOf(n.stage).check(); err != nil {
		g.fail("%s: %w", n.name, err)
	}
}

func validate(stage any) error {
	if v, ok := stage.(Validator); ok {
		return v.Validate()
	}
	return nil
}

// checkConfig reports a config that would not reach the workers, which get it
// as JSON.
func checkConfig(stage any) error {
	if e, ok := stage.(interface{ stages() []any }); ok { // an Elementwise
		for _, stage := range e.stages() {
			if err := checkConfig(stage); err != nil {
				return err
			}
		}
		return nil
	}
	if isNil(stage) {
		return errors.New("the stage is nil")
	}
	if name := hiddenField(stage); name != "" {
		return fmt.Errorf("field %s is set but not exported, so its value would not reach the workers (export it)", name)
	}
	if _, err := json.Marshal(stage); err != nil {
		return fmt.Errorf("its config cannot be written as JSON: %w", err)
	}
	return nil
}

func isNil(v any) bool {
	r := reflect.ValueOf(v)
	return !r.IsValid() || r.Kind() == reflect.Pointer && r.IsNil()
}

// hiddenField is the first field of a struct that JSON passes over although it
// is set.
func hiddenField(stage any) string {
	if _, ok := stage.(json.Marshaler); ok {
		return ""
	}
	v := reflect.Indirect(reflect.ValueOf(stage))
	if v.Kind() != reflect.Struct {
		return ""
	}
	for i := range v.NumField() {
		if f := v.Type().Field(i); !f.IsExported() && !f.Anonymous && !v.Field(i).IsZero() {
			return f.Name
		}
	}
	return ""
}

// Check reports everything that is wrong with the graph.
func (g *Graph) Check() error {
	errs := append([]error(nil), g.errs...)
	for _, n := range g.nodes {
		for _, in := range n.inputs() {
			if in.graph != g {
				errs = append(errs, fmt.Errorf("%s: input %q belongs to another graph", n.name, in.name))
			}
		}
	}
	if len(errs) == 0 {
		if _, err := g.sorted(); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
