package cpu

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/notimplemented"
	"github.com/gomlx/compute/shapes"
	"github.com/pkg/errors"
)

// node is one operation. Operations with several results have one extra node
// per result, of operation opResult, whose attr is the index.
type node struct {
	fn      *function
	id      int
	op      compute.OpType
	shape   shapes.Shape
	inputs  []*node
	attr    any
	results []shapes.Shape // of an operation with several results
}

// opResult selects one result of an operation that has several.
const opResult = compute.OpTypeLast + 1

// function records operations in the order in which they may run.
type function struct {
	notimplemented.Function
	builder  *builder
	parent   *function
	name     string
	nodes    []*node
	params   []*node
	captured []*node // of the parent function
	captures []*node // the local stand-ins, one for each of captured
	returned []*node
	known    map[string]*node // common subexpressions
}

var _ compute.Function = (*function)(nil)

func newFunction(b *builder, parent *function, name string) *function {
	f := &function{builder: b, parent: parent, name: name, known: map[string]*node{}}
	f.ErrFn = func(op compute.OpType) error {
		return errors.Wrapf(compute.ErrNotImplemented, "backend %s: graph %q: operation %s", Name, b.name, op)
	}
	return f
}

func (f *function) Name() string { return f.name }

func (f *function) Builder() compute.Builder { return f.builder }

func (f *function) Parent() compute.Function {
	if f.parent == nil {
		return nil
	}
	return f.parent
}

func (f *function) Closure() (compute.Function, error) {
	if f.builder.compiled {
		return nil, f.builder.errorf("Closure after Compile")
	}
	return newFunction(f.builder, f, ""), nil
}

func (f *function) Shape(v compute.Value) (shapes.Shape, error) { return f.builder.OpShape(v) }

// operands checks that the values belong here, and captures those of parents.
func (f *function) operands(op compute.OpType, values ...compute.Value) ([]*node, error) {
	if f.builder.compiled || f.returned != nil {
		return nil, f.builder.errorf("%s after Return or Compile", op)
	}
	nodes := make([]*node, len(values))
	for i, v := range values {
		n, ok := v.(*node)
		if !ok || n == nil {
			return nil, f.builder.errorf("%s: operand %d is a %T, not a value of this backend", op, i, v)
		}
		if n.fn.builder != f.builder {
			return nil, f.builder.errorf("%s: operand %d belongs to graph %q", op, i, n.fn.builder.name)
		}
		local, err := f.local(n)
		if err != nil {
			return nil, errors.WithMessagef(err, "%s: operand %d", op, i)
		}
		nodes[i] = local
	}
	return nodes, nil
}

// local returns n if it is f's own, or f's stand-in for a parent's value.
func (f *function) local(n *node) (*node, error) {
	if n.fn == f {
		return n, nil
	}
	if f.parent == nil {
		return nil, f.builder.errorf("value of function %q used in function %q, which is not a closure of it", n.fn.name, f.name)
	}
	outer, err := f.parent.local(n)
	if err != nil {
		return nil, err
	}
	for i, c := range f.captured {
		if c == outer {
			return f.captures[i], nil
		}
	}
	c := f.append(compute.OpTypeCapturedValue, outer.shape, len(f.captured))
	f.captured = append(f.captured, outer)
	f.captures = append(f.captures, c)
	return c, nil
}

func (f *function) append(op compute.OpType, shape shapes.Shape, attr any, inputs ...*node) *node {
	n := &node{fn: f, id: len(f.nodes), op: op, shape: shape, attr: attr, inputs: inputs}
	f.nodes = append(f.nodes, n)
	return n
}

// add returns the node of this operation: the one that is there already if the
// same operation was added before.
func (f *function) add(op compute.OpType, shape shapes.Shape, attr any, inputs ...*node) (compute.Value, error) {
	if err := checkShape(shape); err != nil {
		return nil, errors.WithMessagef(err, "%s", op)
	}
	key := subexpressionKey(op, shape, attr, inputs)
	if n, ok := f.known[key]; ok {
		return n, nil
	}
	n := f.append(op, shape, attr, inputs...)
	f.known[key] = n
	return n, nil
}

func subexpressionKey(op compute.OpType, shape shapes.Shape, attr any, inputs []*node) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %v %#v", op, shape, attr)
	for _, in := range inputs {
		fmt.Fprintf(&b, " %d", in.id)
	}
	return b.String()
}

// addMany adds an operation with several results and returns them.
func (f *function) addMany(op compute.OpType, results []shapes.Shape, attr any, inputs ...*node) ([]compute.Value, error) {
	for _, s := range results {
		if err := checkShape(s); err != nil {
			return nil, errors.WithMessagef(err, "%s", op)
		}
	}
	n := f.append(op, shapes.Invalid(), attr, inputs...)
	n.results = results
	values := make([]compute.Value, len(results))
	for i, s := range results {
		values[i] = f.append(opResult, s, i, n)
	}
	return values, nil
}

func (f *function) Parameter(name string, shape shapes.Shape, sharding *compute.ShardingSpec) (compute.Value, error) {
	if sharding != nil {
		return nil, errors.Wrapf(compute.ErrNotImplemented, "backend %s: sharding of parameter %q", Name, name)
	}
	if err := checkShape(shape); err != nil {
		return nil, errors.WithMessagef(err, "parameter %q", name)
	}
	if f.builder.compiled || f.returned != nil {
		return nil, f.builder.errorf("parameter %q after Return or Compile", name)
	}
	n := f.append(compute.OpTypeParameter, shape.Clone(), name)
	f.params = append(f.params, n)
	return n, nil
}

// literal is the attr of a constant.
type literal struct{ mem *block }

func (f *function) Constant(flat any, dims ...int) (compute.Value, error) {
	if _, err := f.operands(compute.OpTypeConstant); err != nil {
		return nil, err
	}
	t := reflect.TypeOf(flat)
	if t == nil || t.Kind() != reflect.Slice {
		return nil, f.builder.errorf("Constant: data is a %T; want a slice", flat)
	}
	dtype := dtypes.FromGoType(t.Elem())
	if dtype == dtypes.InvalidDType {
		return nil, f.builder.errorf("Constant: data is a %T, which is not of a data type", flat)
	}
	shape := shapes.Make(dtype, dims...)
	if err := checkShape(shape); err != nil {
		return nil, errors.WithMessage(err, "Constant")
	}
	src, err := flatBytes(flat, shape)
	if err != nil {
		return nil, err
	}
	return f.constant(shape, src), nil
}

// smallConstant bounds the constants that are compared by value.
const smallConstant = 256

func (f *function) constant(shape shapes.Shape, data []byte) *node {
	key := ""
	if len(data) <= smallConstant {
		key = fmt.Sprintf("constant %v %x", shape, data)
		if n, ok := f.known[key]; ok {
			return n
		}
	}
	mem := newBlock(len(data))
	copy(view[byte](mem.p, len(data)), data)
	n := f.append(compute.OpTypeConstant, shape, &literal{mem})
	if key != "" {
		f.known[key] = n
	}
	return n
}

func (f *function) Return(outputs []compute.Value, shardings []*compute.ShardingSpec) error {
	if len(shardings) > 0 {
		for _, s := range shardings {
			if s != nil {
				return errors.Wrapf(compute.ErrNotImplemented, "backend %s: sharding of outputs", Name)
			}
		}
	}
	if len(outputs) == 0 {
		return f.builder.errorf("Return without outputs in function %q", f.name)
	}
	nodes, err := f.operands(compute.OpTypeInvalid, outputs...)
	if err != nil {
		return errors.WithMessage(err, "Return")
	}
	f.returned = nodes
	return nil
}
