package cpu

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// Control flow: functions that other operations call.

// callAttr are the functions that an operation calls, with the number of
// values that each captures: they follow the operands in inputs.
type callAttr struct {
	fns  []*function
	args int // operands before the captured values
	sort sortAttr
}

type sortAttr struct {
	axis   int
	stable bool
}

// called checks that fn may be called here and returns its captured values as
// nodes of f.
func (f *function) called(op compute.OpType, fn compute.Function, args []shapes.Shape) (*function, []*node, error) {
	g, ok := fn.(*function)
	if !ok || g.builder != f.builder {
		return nil, nil, f.builder.errorf("%s: the function is not of this graph", op)
	}
	if g.returned == nil {
		return nil, nil, f.builder.errorf("%s: function %q has no Return", op, g.name)
	}
	if len(g.params) != len(args) {
		return nil, nil, f.builder.errorf("%s: function %q has %d parameters; want %d", op, g.name, len(g.params), len(args))
	}
	for i, p := range g.params {
		if !sameShape(p.shape, args[i]) {
			return nil, nil, f.builder.errorf("%s: parameter %d of function %q is %s; want %s", op, i, g.name, p.shape, args[i])
		}
	}
	var captured []*node
	for _, n := range g.captured {
		local, err := f.local(n)
		if err != nil {
			return nil, nil, err
		}
		captured = append(captured, local)
	}
	return g, captured, nil
}

func shapesOf(nodes []*node) []shapes.Shape {
	list := make([]shapes.Shape, len(nodes))
	for i, n := range nodes {
		list[i] = n.shape
	}
	return list
}

// sameShapes compares results with what is wanted of them.
func (f *function) sameShapes(op compute.OpType, what string, got, want []shapes.Shape) error {
	if len(got) != len(want) {
		return f.builder.errorf("%s: %s gives %d values; want %d", op, what, len(got), len(want))
	}
	for i := range got {
		if !sameShape(got[i], want[i]) {
			return f.builder.errorf("%s: value %d of %s is %s; want %s", op, i, what, got[i], want[i])
		}
	}
	return nil
}

func (f *function) Call(target compute.Function, inputs ...compute.Value) ([]compute.Value, error) {
	in, err := f.operands(compute.OpTypeCall, inputs...)
	if err != nil {
		return nil, err
	}
	g, captured, err := f.called(compute.OpTypeCall, target, shapesOf(in))
	if err != nil {
		return nil, err
	}
	attr := callAttr{fns: []*function{g}, args: len(in)}
	return f.addMany(compute.OpTypeCall, shapesOf(g.returned), attr, append(in, captured...)...)
}

var scalarBool = shapes.Make(dtypes.Bool)

func (f *function) While(cond, body compute.Function, state ...compute.Value) ([]compute.Value, error) {
	in, err := f.operands(compute.OpTypeWhile, state...)
	if err != nil {
		return nil, err
	}
	want := shapesOf(in)
	attr := callAttr{args: len(in)}
	for _, fn := range []compute.Function{cond, body} {
		g, captured, err := f.called(compute.OpTypeWhile, fn, want)
		if err != nil {
			return nil, err
		}
		attr.fns = append(attr.fns, g)
		in = append(in, captured...)
	}
	if err := f.sameShapes(compute.OpTypeWhile, "the condition", shapesOf(attr.fns[0].returned), []shapes.Shape{scalarBool}); err != nil {
		return nil, err
	}
	if err := f.sameShapes(compute.OpTypeWhile, "the body", shapesOf(attr.fns[1].returned), want); err != nil {
		return nil, err
	}
	return f.addMany(compute.OpTypeWhile, want, attr, in...)
}

func (f *function) If(pred compute.Value, onTrue, onFalse compute.Function) ([]compute.Value, error) {
	in, err := f.operands(compute.OpTypeIf, pred)
	if err != nil {
		return nil, err
	}
	if !sameShape(in[0].shape, scalarBool) {
		return nil, f.builder.errorf("If: the predicate is %s; want %s", in[0].shape, scalarBool)
	}
	attr := callAttr{args: 1}
	for _, fn := range []compute.Function{onTrue, onFalse} {
		g, captured, err := f.called(compute.OpTypeIf, fn, nil)
		if err != nil {
			return nil, err
		}
		attr.fns = append(attr.fns, g)
		in = append(in, captured...)
	}
	results := shapesOf(attr.fns[0].returned)
	if err := f.sameShapes(compute.OpTypeIf, "the false branch", shapesOf(attr.fns[1].returned), results); err != nil {
		return nil, err
	}
	return f.addMany(compute.OpTypeIf, results, attr, in...)
}

func (f *function) Sort(comparator compute.Function, axis int, stable bool, inputs ...compute.Value) ([]compute.Value, error) {
	in, err := f.operands(compute.OpTypeSort, inputs...)
	if err != nil {
		return nil, err
	}
	if len(in) == 0 {
		return nil, f.builder.errorf("Sort of nothing")
	}
	rank := in[0].shape.Rank()
	if axis < 0 {
		axis += rank
	}
	if axis < 0 || axis >= rank {
		return nil, f.builder.errorf("Sort: axis %d of %s", axis, in[0].shape)
	}
	var args []shapes.Shape
	for range 2 {
		for _, n := range in {
			if !equalDims(n.shape.Dimensions, in[0].shape.Dimensions) {
				return nil, f.builder.errorf("Sort of %s beside %s; want equal dimensions", n.shape, in[0].shape)
			}
			args = append(args, shapes.Make(n.shape.DType))
		}
	}
	g, captured, err := f.called(compute.OpTypeSort, comparator, args)
	if err != nil {
		return nil, err
	}
	if err := f.sameShapes(compute.OpTypeSort, "the comparator", shapesOf(g.returned), []shapes.Shape{scalarBool}); err != nil {
		return nil, err
	}
	attr := callAttr{fns: []*function{g}, args: len(in), sort: sortAttr{axis, stable}}
	return f.addMany(compute.OpTypeSort, shapesOf(in), attr, append(in, captured...)...)
}

// OptimizationBarrier returns views that are nobody's common subexpression.
func (f *function) OptimizationBarrier(operands ...compute.Value) ([]compute.Value, error) {
	in, err := f.operands(compute.OpTypeOptimizationBarrier, operands...)
	if err != nil {
		return nil, err
	}
	out := make([]compute.Value, len(in))
	for i, n := range in {
		out[i] = f.append(compute.OpTypeOptimizationBarrier, n.shape, nil, n)
	}
	return out, nil
}

// SchedulingBarrier: steps run in the order in which they were added, so the
// dependencies have run.
func (f *function) SchedulingBarrier(operand compute.Value, dependencies ...compute.Value) (compute.Value, error) {
	in, err := f.operands(compute.OpTypeSchedulingBarrier, append([]compute.Value{operand}, dependencies...)...)
	if err != nil {
		return nil, err
	}
	return f.append(compute.OpTypeSchedulingBarrier, in[0].shape, nil, in...), nil
}
