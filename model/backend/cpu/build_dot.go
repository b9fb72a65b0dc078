package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"
)

// dotAttr is a batch of matrix products: [batch, m, k] · [batch, k, n], the
// operands being stored transposed where it says so.
type dotAttr struct {
	batch, m, n, k int
	transA, transB bool
}

func (f *function) DotGeneral(lhs compute.Value, lhsContracting, lhsBatch []int,
	rhs compute.Value, rhsContracting, rhsBatch []int, config compute.DotGeneralConfig) (compute.Value, error) {
	in, err := f.operands(compute.OpTypeDotGeneral, lhs, rhs)
	if err != nil {
		return nil, err
	}
	shape, err := shapeinference.DotGeneral(in[0].shape, lhsContracting, lhsBatch, in[1].shape, rhsContracting, rhsBatch, config)
	if err != nil {
		return nil, err
	}
	acc := config.AccumulatorDType
	if acc == dtypes.InvalidDType {
		acc = in[0].shape.DType
	}
	if isHalf(acc) {
		acc = dtypes.Float32
	}
	for i := range in {
		if in[i], err = f.convert(in[i], acc); err != nil {
			return nil, err
		}
	}
	v, err := f.product(shapes.Make(acc, shape.Dimensions...), in[0], lhsContracting, lhsBatch, in[1], rhsContracting, rhsBatch)
	if err != nil {
		return nil, err
	}
	return f.narrow(v, shape.DType)
}

// product adds the matrix product, after bringing the operands' axes in order.
func (f *function) product(shape shapes.Shape, lhs *node, lc, lb []int, rhs *node, rc, rb []int) (compute.Value, error) {
	lc, rc = sortPairs(lc, rc)
	a, transA, m, err := f.matrix(lhs, lb, lc, false)
	if err != nil {
		return nil, err
	}
	b, transB, n, err := f.matrix(rhs, rb, rc, true)
	if err != nil {
		return nil, err
	}
	attr := dotAttr{batch: 1, m: m, n: n, k: 1, transA: transA, transB: transB}
	for _, x := range lb {
		attr.batch *= lhs.shape.Dimensions[x]
	}
	for _, x := range lc {
		attr.k *= lhs.shape.Dimensions[x]
	}
	return f.add(compute.OpTypeDotGeneral, shape, attr, a, b)
}

// sortPairs orders the pairs by the first list.
func sortPairs(a, b []int) ([]int, []int) {
	order := make([]int, len(a))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return a[i] - a[j] })
	x, y := make([]int, len(a)), make([]int, len(a))
	for i, o := range order {
		x[i], y[i] = a[o], b[o]
	}
	return x, y
}

// matrix returns n with its axes in the order batch, free, contracted or, if
// that is how it lies, batch, contracted, free. The order that needs no
// transposition is taken; trans says whether it differs from the one that a
// product reads: free first on the left, contracted first on the right.
func (f *function) matrix(n *node, batch, contracted []int, right bool) (m *node, trans bool, free int, err error) {
	var rest []int
	free = 1
	for i, d := range n.shape.Dimensions {
		if !slices.Contains(batch, i) && !slices.Contains(contracted, i) {
			rest = append(rest, i)
			free *= d
		}
	}
	freeFirst := slices.Concat(batch, rest, contracted)
	if f.inOrder(n, freeFirst) {
		return n, right, free, nil
	}
	if f.inOrder(n, slices.Concat(batch, contracted, rest)) {
		return n, !right, free, nil
	}
	v, err := f.Transpose(n, freeFirst...)
	if err != nil {
		return nil, false, 0, err
	}
	return v.(*node), right, free, nil
}

// inOrder says whether a transposition moves nothing: axes of size 1 may go
// anywhere.
func (f *function) inOrder(n *node, axes []int) bool {
	last := -1
	for _, a := range axes {
		if n.shape.Dimensions[a] == 1 {
			continue
		}
		if a < last {
			return false
		}
		last = a
	}
	return true
}
