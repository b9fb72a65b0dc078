package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"github.com/retort-ml/retort/model/backend/cpu/internal/kernels"
)

// Operations of inference in 8 bits, which only the compiler makes.
const (
	// opToBytes has two results: x [N, ...] in 8 bits and its scales [N].
	opToBytes = compute.OpTypeLast + 100 + iota
	// opByteConv is a convolution in 8 bits: its attr is a byteStep. In bytes it has
	// two results, as opToBytes has; else it is a tensor of float32.
	opByteConv
)

// byteStep is a convolution in 8 bits: operands are the bytes and scales of x, then
// what the epilogue has, a residual in bytes being two.
type byteStep struct {
	geometry                    kernels.Conv
	weights                     *kernels.ByteWeights
	scale, bias, relu           bool
	floatResidual, byteResidual bool
	bytes                       bool // results
}

// byteTensor is a tensor in 8 bits: two nodes.
type byteTensor struct{ data, scale *node }

// byteRewrite is a graph on its way into 8 bits.
type byteRewrite struct {
	*graph
	uses     map[*node][]*node
	positive map[*node]bool
	fits     map[*node]bool       // convolutions that are to be in 8 bits
	known    map[*node]byteTensor // what is in 8 bits too
}

// useBytes computes in 8 bits those forward convolutions whose input is nowhere
// negative and whose weights are constants. Between two of them lie bytes; what else
// reads a result gets float32.
func (g *graph) useBytes() (used Int8Use) {
	r := byteRewrite{graph: g, uses: g.uses(), positive: map[*node]bool{}, fits: map[*node]bool{}, known: map[*node]byteTensor{}}
	nodes := slices.Clone(g.nodes)
	for _, n := range nodes {
		r.fits[n] = r.suits(n)
		used.count(n, r.fits[n], r.isPositive)
	}
	for _, n := range nodes {
		if r.fits[n] {
			r.convert(n)
		}
	}
	g.order()
	r.forget(nodes)
	return used
}

// Int8Use says how much of a graph is computed in 8 bits.
type Int8Use struct {
	Convolutions int // that there are
	InBytes      int // of them
	Unfit        int // that would be, were their channels multiples of 4 (in) and 16 (out)
}

func (u *Int8Use) count(n *node, inBytes bool, isPositive func(*node) bool) {
	switch {
	case inBytes:
		u.InBytes++
	case n.op == opConv:
		s := n.attr.(convStep)
		unfit := s.geometry.Ci%4 != 0 || s.geometry.Co%16 != 0
		if unfit && s.form == formForward && n.inputs[1].op == compute.OpTypeConstant && isPositive(n.inputs[0]) {
			u.Unfit++
		}
	case n.op != compute.OpTypeConvGeneral:
		return
	}
	u.Convolutions++
}

// forget lets go of constants that nothing reads any more: of weights that are in 8
// bits now.
func (r *byteRewrite) forget(before []*node) {
	read := map[*literal]bool{}
	for _, n := range r.nodes {
		if n.op == compute.OpTypeConstant {
			read[n.attr.(*literal)] = true
		}
	}
	for _, n := range before {
		if n.op == compute.OpTypeConstant && !read[n.attr.(*literal)] {
			n.attr.(*literal).mem = nil
		}
	}
}

// fewestProducts is the depth of a sum below which bytes gain nothing.
const fewestProducts = 16

func (r *byteRewrite) suits(n *node) bool {
	if n.op != opConv {
		return false
	}
	s := n.attr.(convStep)
	g, x, w := s.geometry, n.inputs[0], n.inputs[1]
	return s.form == formForward && g.FitsBytes() && g.H*g.W*g.Ci%16 == 0 && g.OH*g.OW > 1 && g.KH*g.KW*g.Ci >= fewestProducts &&
		w.op == compute.OpTypeConstant && r.isPositive(x)
}

// isPositive says whether no element of n can be less than 0, whatever is computed.
func (r *byteRewrite) isPositive(n *node) bool {
	if known, ok := r.positive[n]; ok {
		return known
	}
	r.positive[n] = false
	all := func(list []*node) bool {
		return !slices.ContainsFunc(list, func(in *node) bool { return !r.isPositive(in) })
	}
	positive := false
	switch n.op {
	case opReLU, compute.OpTypeLogistic, compute.OpTypeExp, compute.OpTypeAbs:
		positive = true
	case opConv:
		positive = n.attr.(convStep).relu
	case compute.OpTypeReduceWindow:
		// A window that sees nothing would give -Inf: padding is less than the window.
		a := n.attr.(windowAttr)
		positive = (a.reduce == compute.OpTypeReduceMax && seesAll(a) || a.reduce == compute.OpTypeReduceSum) && r.isPositive(n.inputs[0])
	case compute.OpTypeAdd, compute.OpTypeMul, compute.OpTypeDiv, compute.OpTypeMin, compute.OpTypeReduceSum, compute.OpTypeConcatenate,
		compute.OpTypeBroadcastInDim, compute.OpTypeReshape, compute.OpTypeSlice, compute.OpTypeTranspose, compute.OpTypeIdentity:
		positive = all(n.inputs)
	case compute.OpTypeMax:
		positive = slices.ContainsFunc(n.inputs, r.isPositive)
	case compute.OpTypeConstant:
		positive = n.shape.DType == dtypes.Float32 && byteSize(n.shape) <= foldable &&
			!slices.ContainsFunc(view[float32](n.attr.(*literal).mem.p, n.shape.Size()), func(v float32) bool { return !(v >= 0) })
	}
	r.positive[n] = positive
	return positive
}

// seesAll says whether every window holds an element.
func seesAll(a windowAttr) bool {
	for i, p := range a.padding {
		if max(p[0], p[1]) >= a.window[i] || a.inputDilation[i] != 1 || a.windowStride[i] != 1 {
			return false
		}
	}
	return true
}

// convert replaces a convolution.
func (r *byteRewrite) convert(n *node) {
	s := n.attr.(convStep)
	w := n.inputs[1]
	step := byteStep{geometry: s.geometry, scale: s.scale, bias: s.bias, relu: s.relu,
		weights: kernels.PackBytes(view[float32](w.attr.(*literal).mem.p, w.shape.Size()), s.geometry)}
	x := r.bytesOf(n.inputs[0])
	inputs, rest := []*node{x.data, x.scale}, n.inputs[2:]
	if s.residual {
		last := len(rest) - 1
		around, inBytes := r.known[rest[last]]
		inputs = append(inputs, rest[:last]...)
		if step.byteResidual = inBytes; inBytes {
			inputs = append(inputs, around.data, around.scale)
		} else {
			step.floatResidual, inputs = true, append(inputs, rest[last])
		}
	} else {
		inputs = append(inputs, rest...)
	}
	step.bytes = s.relu && slices.ContainsFunc(r.uses[n], func(u *node) bool { return r.fits[u] && u.inputs[0] == n })
	if !step.bytes {
		r.replace(n, r.append(&node{op: opByteConv, shape: n.shape, attr: step, inputs: inputs}))
		return
	}
	t := r.inBytes(&node{op: opByteConv, shape: n.shape, attr: step, inputs: inputs})
	r.known[n] = t
	if r.onlyBytes(n) {
		return
	}
	floats := r.floats(t, n.shape)
	r.replace(n, floats)
	r.known[floats] = t
}

// onlyBytes says whether all users of a convolution take it in bytes.
func (r *byteRewrite) onlyBytes(n *node) bool {
	if slices.ContainsFunc(r.outputs, func(o *node) bool { return root(o) == n }) {
		return false
	}
	for _, u := range r.uses[n] {
		if !r.fits[u] {
			return false
		}
		for i, in := range u.inputs {
			isResidual := i >= 2 && u.attr.(convStep).residual && i == len(u.inputs)-1
			if root(in) == n && (in != n || i != 0 && !isResidual) {
				return false
			}
		}
	}
	return true
}

// bytesOf is a tensor in 8 bits, which it becomes where it is not.
func (r *byteRewrite) bytesOf(n *node) byteTensor {
	if t, ok := r.known[n]; ok {
		return t
	}
	t := r.inBytes(&node{op: opToBytes, shape: n.shape, inputs: []*node{n}})
	r.known[n] = t
	return t
}

// inBytes adds a node whose results are a tensor in 8 bits of its shape.
func (r *byteRewrite) inBytes(n *node) byteTensor {
	data, scale := shapes.Make(dtypes.Uint8, n.shape.Dimensions...), shapes.Make(dtypes.Float32, n.shape.Dimensions[0])
	n.results = []shapes.Shape{data, scale}
	r.append(n)
	return byteTensor{
		r.append(&node{op: opResult, shape: data, attr: 0, inputs: []*node{n}}),
		r.append(&node{op: opResult, shape: scale, attr: 1, inputs: []*node{n}}),
	}
}

// floats is what 8 bits stand for.
func (r *byteRewrite) floats(t byteTensor, shape shapes.Shape) *node {
	values := r.append(&node{op: compute.OpTypeConvertDType, shape: shape, inputs: []*node{t.data}})
	scale := r.append(&node{op: compute.OpTypeBroadcastInDim, shape: shape, attr: []int{0}, inputs: []*node{t.scale}})
	return r.append(&node{op: compute.OpTypeMul, shape: shape, inputs: []*node{values, scale}})
}

func lowerToBytes(c *compiler, n *node) error {
	src, dst := c.slot(n.inputs[0]), c.resultSlots(n)
	images := n.shape.Dimensions[0]
	size := n.shape.Size() / images
	c.emit(step{op: "ToBytes", reads: []int{src}, writes: dst, bind: func(fr *frame) func() {
		return func() {
			kernels.ToBytes(fr.bytes(dst[0], dst[1], images*size, images), fr.f32(src, images*size), images, size)
		}
	}})
	return nil
}

// bytes is the tensor of 8 bits in two slots.
func (fr *frame) bytes(data, scale, n, images int) kernels.Bytes {
	return kernels.Bytes{Data: view[uint8](fr.ptr[data], n), Scale: fr.f32(scale, images)}
}

func lowerByteConv(c *compiler, n *node) error {
	s, in := n.attr.(byteStep), c.slotsOf(n.inputs)
	st := step{op: "ConvBytes", reads: in}
	if s.bytes {
		st.writes = c.resultSlots(n)
	} else {
		st.writes = []int{c.newSlot(n)}
	}
	sizes := make([]int, len(n.inputs))
	for i, x := range n.inputs {
		sizes[i] = x.shape.Size()
	}
	st.bind = func(fr *frame) func() { return func() { s.run(fr, in, sizes, st.writes, n.shape.Size()) } }
	c.emit(st)
	return nil
}

// run computes the step: count is the size of its result.
func (s byteStep) run(fr *frame, in, sizes, out []int, count int) {
	next := 2
	floats := func(has bool) []float32 {
		if !has {
			return nil
		}
		next++
		return fr.f32(in[next-1], sizes[next-1])
	}
	images := s.geometry.N
	e := kernels.ByteEpilogue{ReLU: s.relu}
	e.Scale, e.Bias, e.Residual = floats(s.scale), floats(s.bias), floats(s.floatResidual)
	if s.byteResidual {
		e.ByteResidual = fr.bytes(in[next], in[next+1], count, images)
	}
	x := fr.bytes(in[0], in[1], sizes[0], images)
	if s.bytes {
		kernels.ConvBytes(nil, fr.bytes(out[0], out[1], count, images), x, s.weights, s.geometry, e)
		return
	}
	kernels.ConvBytes(fr.f32(out[0], count), kernels.Bytes{}, x, s.weights, s.geometry, e)
}
