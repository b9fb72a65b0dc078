package pipelines

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// Fuse joins two element-wise stages into one that does first and then, to what
// that emits, second. An image is read and decoded once for both, and nothing
// is written in between; Fuse as deep as you like.
//
//	pipelines.Each(pipelines.Fuse(&Contrasty{MinRange: 24}, &Sharp{Min: 0.2}))
//
// What lies between the two may be of any type.
func Fuse[A, B, C any](first Element[A, B], second Element[B, C]) Element[A, C] {
	return &fused[A, B, C]{first, second, slices.Concat(linksOf(first), linksOf(second))}
}

type fused[A, B, C any] struct {
	first  Element[A, B]
	second Element[B, C]
	links  []link
}

// ProcessElement does both; runs of a graph go by the links instead.
func (f *fused[A, B, C]) ProcessElement(ctx context.Context, in A, emit func(C)) error {
	var failed error
	err := f.first.ProcessElement(ctx, in, func(b B) {
		if failed == nil {
			failed = f.second.ProcessElement(ctx, b, emit)
		}
	})
	if failed != nil {
		return failed
	}
	return err
}

func (f *fused[A, B, C]) fusedLinks() []link { return f.links }

// step is an element-wise stage type without its type parameters.
type step struct {
	name     string
	stage    reflect.Type // the user's struct
	from, to carrier      // nil for what is no Item, inside a Fuse
	process  func(ctx context.Context, stage, in any, emit func(any)) error
}

var steps sync.Map // type name -> *step

// linksOf are the stages that e consists of.
func linksOf[In, Out any](e Element[In, Out]) []link {
	if f, ok := e.(interface{ fusedLinks() []link }); ok {
		return f.fusedLinks()
	}
	t := reflect.TypeOf(e)
	if t == nil { // Check reports it
		return []link{{step: &step{name: "nil", from: carrierOf[In](), to: carrierOf[Out]()}}}
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	s := &step{name: typeName(t), stage: t, from: carrierOf[In](), to: carrierOf[Out]()}
	s.process = func(ctx context.Context, stage, in any, emit func(any)) error {
		return stage.(Element[In, Out]).ProcessElement(ctx, in.(In), func(out Out) { emit(out) })
	}
	known, _ := steps.LoadOrStore(s.name, s)
	return []link{{step: known.(*step), stage: e}}
}

func carrierOf[T any]() carrier {
	if item, ok := any(*new(T)).(interface{ carrier() carrier }); ok {
		return item.carrier()
	}
	return nil
}

const nameSeparator = " + " // no type name has spaces

func nameOf(links []link) string {
	names := make([]string, len(links))
	for i, l := range links {
		names[i] = l.step.name
	}
	return strings.Join(names, nameSeparator)
}

// lookupEach puts the stages of name together, if all are known.
func lookupEach(name string) (*erased, bool) {
	var links []link
	for _, part := range strings.Split(name, nameSeparator) {
		s, ok := steps.Load(part)
		if !ok {
			return nil, false
		}
		links = append(links, link{step: s.(*step)})
	}
	e := newEach(links)
	if e.from == nil || e.to == nil {
		return nil, false
	}
	return e.erase(), true
}

// MarshalJSON writes the config of the one stage, or those of all as a list.
func (e *each) MarshalJSON() ([]byte, error) {
	if len(e.links) == 1 {
		return json.Marshal(e.links[0].stage)
	}
	return json.Marshal(e.stages())
}

func (e *each) stages() []any {
	list := make([]any, len(e.links))
	for i, l := range e.links {
		list[i] = l.stage
	}
	return list
}

// decode makes a fresh each from what MarshalJSON wrote.
func (e *each) decode(config []byte) (*each, error) {
	configs := []json.RawMessage{config}
	if len(e.links) > 1 {
		configs = nil // Unmarshal would write into config
		if err := json.Unmarshal(config, &configs); err != nil {
			return nil, err
		}
	}
	if len(configs) != len(e.links) {
		return nil, fmt.Errorf("%d configs for the %d stages %s", len(configs), len(e.links), nameOf(e.links))
	}
	links := make([]link, len(e.links))
	for i, l := range e.links {
		stage, err := l.step.decode(configs[i])
		if err != nil {
			return nil, err
		}
		links[i] = link{l.step, stage, configs[i]}
	}
	fresh := newEach(links)
	return &fresh, nil
}

func (s *step) decode(config []byte) (any, error) {
	v := reflect.New(s.stage)
	return v.Interface(), json.Unmarshal(config, v.Interface())
}
