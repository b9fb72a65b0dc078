package cpu

import (
	"unsafe"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"

	"github.com/retort-ml/retort/internal/workpool"
)

// sourcePattern says where the elements of n's result lie in its operand.
func sourcePattern(n *node) pattern {
	in := n.inputs[0].shape.Dimensions
	from := rowMajor(in)
	p := pattern{dims: n.shape.Dimensions, strides: make([]int, n.shape.Rank())}
	switch n.op {
	case compute.OpTypeTranspose:
		for i, a := range n.attr.([]int) {
			p.strides[i] = from[a]
		}
	case compute.OpTypeSlice:
		a := n.attr.(sliceAttr)
		for i := range from {
			p.start += a.starts[i] * from[i]
			p.strides[i] = a.strides[i] * from[i]
		}
	case compute.OpTypeReverse:
		copy(p.strides, from)
		for _, a := range n.attr.([]int) {
			p.start += (in[a] - 1) * from[a]
			p.strides[a] = -from[a]
		}
	}
	return p
}

// lowerMove lowers what only picks elements of its operand.
func lowerMove(c *compiler, n *node) error {
	p := sourcePattern(n).merged()
	src, size, count := c.slot(n.inputs[0]), n.shape.DType.Size(), n.shape.Size()
	dst := c.newSlot(n)
	c.emit(step{op: n.op.String(), reads: []int{src}, writes: []int{dst}, bind: func(fr *frame) func() {
		return p.gatherAll(fr, dst, src, count, size)
	}})
	return nil
}

// gatherAll copies the whole pattern in parallel.
func (p pattern) gatherAll(fr *frame, dst, src, count, size int) func() {
	body := func(i int) {
		from := i * chunk
		p.gather(unsafe.Add(fr.ptr[dst], from*size), fr.ptr[src], from, min(chunk, count-from), size)
	}
	tasks := (count + chunk - 1) / chunk
	return func() { workpool.For(tasks, body) }
}

// box is a region of a dense tensor, written element by element from a dense
// source: the inverse of a pattern.
type box struct {
	p    pattern // of the destination
	size int
	n    int
}

func (b box) scatter(dst, src unsafe.Pointer) {
	switch b.size {
	case 1:
		scatterBox[uint8](b, dst, src)
	case 2:
		scatterBox[uint16](b, dst, src)
	case 4:
		scatterBox[uint32](b, dst, src)
	default:
		scatterBox[uint64](b, dst, src)
	}
}

func scatterBox[T any](b box, dst, src unsafe.Pointer) {
	if b.n == 0 {
		return
	}
	from := view[T](src, b.n)
	size := int(unsafe.Sizeof(from[0]))
	rank := len(b.p.dims)
	inner, stride := 1, 1
	if rank > 0 {
		inner, stride = b.p.dims[rank-1], b.p.strides[rank-1]
	}
	var index [maxRank]int
	pos := b.p.start
	for at := 0; at < b.n; at += inner {
		if stride == 1 {
			copy(unsafe.Slice((*T)(unsafe.Add(dst, pos*size)), inner), from[at:at+inner])
		} else {
			for i := range inner {
				*(*T)(unsafe.Add(dst, (pos+i*stride)*size)) = from[at+i]
			}
		}
		for k := rank - 2; k >= 0; k-- {
			index[k]++
			pos += b.p.strides[k]
			if index[k] < b.p.dims[k] {
				break
			}
			pos -= index[k] * b.p.strides[k]
			index[k] = 0
		}
	}
}

// lowerPad fills, then writes the operand into its place. Negative padding
// crops: the part of the operand that stays is picked first.
func lowerPad(c *compiler, n *node) error {
	in, out, axes := n.inputs[0].shape.Dimensions, rowMajor(n.shape.Dimensions), n.attr.([]compute.PadAxis)
	pick := pattern{dims: make([]int, len(in)), strides: rowMajor(in)}
	put := pattern{dims: pick.dims, strides: make([]int, len(in))}
	kept := 1
	for i, a := range axes {
		first, count := keptByPad(in[i], n.shape.Dimensions[i], a)
		pick.dims[i] = count
		pick.start += first * pick.strides[i]
		put.start += (a.Start + first*(a.Interior+1)) * out[i]
		put.strides[i] = out[i] * (a.Interior + 1)
		kept *= count
	}
	src, fill, size := c.slot(n.inputs[0]), c.slot(n.inputs[1]), n.shape.DType.Size()
	tmp := c.temporary(kept * size)
	dst, count := c.newSlot(n), n.shape.Size()
	whole := pattern{dims: []int{count}, strides: []int{0}}
	target := box{put.merged(), size, kept}
	pick = pick.merged()
	c.emit(step{op: "Pad", reads: []int{src, fill, tmp}, writes: []int{dst, tmp}, bind: func(fr *frame) func() {
		paint := whole.gatherAll(fr, dst, fill, count, size)
		get := pick.gatherAll(fr, tmp, src, kept, size)
		return func() {
			paint()
			get()
			if kept > 0 {
				target.scatter(fr.ptr[dst], fr.ptr[tmp])
			}
		}
	}})
	return nil
}

// keptByPad is the first element that stays and how many do.
func keptByPad(in, out int, a compute.PadAxis) (first, count int) {
	step := a.Interior + 1
	for first < in && a.Start+first*step < 0 {
		first++
	}
	last := in - 1
	for last >= first && a.Start+last*step >= out {
		last--
	}
	return first, last - first + 1
}

func lowerConcatenate(c *compiler, n *node) error {
	axis, dims, size := n.attr.(int), n.shape.Dimensions, n.shape.DType.Size()
	outer, inner := 1, size
	for _, d := range dims[:axis] {
		outer *= d
	}
	for _, d := range dims[axis+1:] {
		inner *= d
	}
	st := step{op: "Concatenate"}
	var widths []int
	for _, in := range n.inputs {
		st.reads = append(st.reads, c.slot(in))
		widths = append(widths, in.shape.Dimensions[axis]*inner)
	}
	dst, row := c.newSlot(n), dims[axis]*inner
	st.writes = []int{dst}
	st.bind = func(fr *frame) func() {
		body := func(k int) {
			at := 0
			for _, w := range widths[:k] {
				at += w
			}
			w := widths[k]
			for r := range outer {
				copy(view[byte](unsafe.Add(fr.ptr[dst], r*row+at), w), view[byte](unsafe.Add(fr.ptr[st.reads[k]], r*w), w))
			}
		}
		return func() { workpool.For(len(widths), body) }
	}
	c.emit(st)
	return nil
}

func lowerIota(c *compiler, n *node) error {
	axis, dims, count := n.attr.(int), n.shape.Dimensions, n.shape.Size()
	inner := 1
	for _, d := range dims[axis+1:] {
		inner *= d
	}
	dst, dtype := c.newSlot(n), n.shape.DType
	number := convertStrip(dtypes.Int64, dtype)
	c.emit(step{op: "Iota", writes: []int{dst}, bind: func(fr *frame) func() {
		return func() {
			var index [256]int64
			for at := 0; at < count; at += len(index) {
				m := min(len(index), count-at)
				for i := range m {
					index[i] = int64((at + i) / inner % dims[axis])
				}
				number(unsafe.Add(fr.ptr[dst], at*dtype.Size()), unsafe.Pointer(&index[0]), nil, nil, m)
			}
		}
	}})
	return nil
}
