package cpu

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unsafe"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/pkg/errors"

	"github.com/retort-ml/retort/internal/workpool"
)

// indexVectors says how index vectors lie in a tensor of indices.
type indexVectors struct {
	count, length int
	vectors       pattern // of the first component of each vector
	step          int     // between components
}

func vectorsOf(dims []int, axis int) indexVectors {
	if axis == len(dims) {
		dims = append(slices.Clone(dims), 1)
	}
	strides := rowMajor(dims)
	p := pattern{dims: slices.Delete(slices.Clone(dims), axis, axis+1), strides: slices.Delete(slices.Clone(strides), axis, axis+1)}
	return indexVectors{size(p.dims), dims[axis], p, strides[axis]}
}

// start is the position that vector i points to, its components clamped so
// that a slice of the given sizes fits; ok says whether it fitted unclamped.
func (v indexVectors) start(indices []int64, i int, axes, dims, strides, sizes []int) (at int, ok bool) {
	first := v.vectors.at(i)
	ok = true
	for k, a := range axes {
		x, limit := indices[first+k*v.step], int64(dims[a]-sizes[a])
		if x < 0 || x > limit {
			ok = false
			x = min(max(x, 0), limit)
		}
		at += int(x) * strides[a]
	}
	return at, ok
}

func lowerGather(c *compiler, n *node) error {
	a := n.attr.(gatherAttr)
	in, es := n.inputs[0].shape.Dimensions, n.shape.DType.Size()
	from, to := rowMajor(in), rowMajor(n.shape.Dimensions)
	v := vectorsOf(n.inputs[1].shape.Dimensions, a.vectorAxis)
	slice := pattern{dims: a.sizing, strides: from}.merged()
	var batch, put pattern
	axis := 0
	for i, d := range n.shape.Dimensions {
		if !slices.Contains(a.offsetOutput, i) {
			batch.dims, batch.strides = append(batch.dims, d), append(batch.strides, to[i])
			continue
		}
		for slices.Contains(a.collapsed, axis) {
			axis++
		}
		axis++
		put.dims, put.strides = append(put.dims, d), append(put.strides, to[i])
	}
	count := size(a.sizing)
	target := box{put.merged(), es, count}
	src, idx, dst := c.slot(n.inputs[0]), c.slot(n.inputs[1]), c.newSlot(n)
	c.emit(step{op: "Gather", reads: []int{src, idx}, writes: []int{dst}, bind: func(fr *frame) func() {
		body := func(i int) {
			at, _ := v.start(view[int64](fr.ptr[idx], v.count*v.length), i, a.startMap, in, from, a.sizing)
			mem := scratchMemory.get(count * es)
			slice.gather(mem.p, unsafe.Add(fr.ptr[src], at*es), 0, count, es)
			target.scatter(unsafe.Add(fr.ptr[dst], batch.at(i)*es), mem.p)
			scratchMemory.put(mem)
		}
		return func() {
			if count > 0 {
				workpool.For(v.count, body)
			}
		}
	}})
	return nil
}

func lowerScatter(c *compiler, n *node) error {
	a, dtype := n.attr.(scatterAttr), n.shape.DType
	dims, up := n.shape.Dimensions, n.inputs[2].shape.Dimensions
	v := vectorsOf(n.inputs[1].shape.Dimensions, a.vectorAxis)
	strides, upStrides := rowMajor(dims), rowMajor(up)
	sizes := make([]int, len(dims))
	var window, from, batch pattern // in the operand, in the updates, of the vectors in the updates
	k := 0
	for i := range dims {
		sizes[i] = 1
		if slices.Contains(a.inserted, i) {
			continue
		}
		w := a.updateWindow[k]
		sizes[i] = up[w]
		window.dims, window.strides = append(window.dims, up[w]), append(window.strides, strides[i])
		from.dims, from.strides = append(from.dims, up[w]), append(from.strides, upStrides[w])
		k++
	}
	for i, d := range up {
		if !slices.Contains(a.updateWindow, i) {
			batch.dims, batch.strides = append(batch.dims, d), append(batch.strides, upStrides[i])
		}
	}
	fn := stripAt(a.reduce, dtype)
	if fn == nil {
		return errors.Wrapf(compute.ErrNotImplemented, "%s of %s", n.op, dtype)
	}
	src, idx, upd, dst := c.slot(n.inputs[0]), c.slot(n.inputs[1]), c.slot(n.inputs[2]), c.newSlot(n)
	bytes, es, count := byteSize(n.shape), dtype.Size(), size(window.dims)
	c.emit(step{op: n.op.String(), reads: []int{src, idx, upd}, writes: []int{dst}, reuse: []int{src}, bind: func(fr *frame) func() {
		return func() {
			copyBytes(fr.ptr[dst], fr.ptr[src], bytes)
			indices := view[int64](fr.ptr[idx], v.count*v.length)
			for i := range v.count {
				at, ok := v.start(indices, i, a.axesMap, dims, strides, sizes)
				if !ok {
					continue // as in XLA, what does not fit is left out
				}
				base := batch.at(i)
				for j := range count {
					d := unsafe.Add(fr.ptr[dst], (at+window.at(j))*es)
					fn(d, d, unsafe.Add(fr.ptr[upd], (base+from.at(j))*es), nil, 1)
				}
			}
		}
	}})
	return nil
}

// stripAt is an operation on single elements.
func stripAt(op compute.OpType, dtype dtypes.DType) stripFn { return binaryStrip(op, dtype) }

// clampedStart is the offset of a slice whose start indices are scalars.
func clampedStart(fr *frame, starts, dims, sizes, strides []int) int {
	at := 0
	for a, s := range starts {
		x := *(*int64)(fr.ptr[s])
		at += int(min(max(x, 0), int64(dims[a]-sizes[a]))) * strides[a]
	}
	return at
}

func (c *compiler) slotsOf(nodes []*node) []int {
	list := make([]int, len(nodes))
	for i, n := range nodes {
		list[i] = c.slot(n)
	}
	return list
}

func lowerDynamicSlice(c *compiler, n *node) error {
	in, out, es := n.inputs[0].shape.Dimensions, n.shape.Dimensions, n.shape.DType.Size()
	strides := rowMajor(in)
	p, count := pattern{dims: out, strides: strides}.merged(), n.shape.Size()
	src, starts := c.slot(n.inputs[0]), c.slotsOf(n.inputs[1:])
	dst := c.newSlot(n)
	c.emit(step{op: "DynamicSlice", reads: append([]int{src}, starts...), writes: []int{dst}, bind: func(fr *frame) func() {
		return func() {
			at := clampedStart(fr, starts, in, out, strides)
			p.gather(fr.ptr[dst], unsafe.Add(fr.ptr[src], at*es), 0, count, es)
		}
	}})
	return nil
}

func lowerDynamicUpdateSlice(c *compiler, n *node) error {
	dims, part, es := n.shape.Dimensions, n.inputs[1].shape.Dimensions, n.shape.DType.Size()
	strides := rowMajor(dims)
	target := box{pattern{dims: part, strides: strides}.merged(), es, size(part)}
	src, upd, starts := c.slot(n.inputs[0]), c.slot(n.inputs[1]), c.slotsOf(n.inputs[2:])
	dst, bytes := c.newSlot(n), byteSize(n.shape)
	c.emit(step{op: "DynamicUpdateSlice", reads: append([]int{src, upd}, starts...), writes: []int{dst}, reuse: []int{src}, bind: func(fr *frame) func() {
		return func() {
			copyBytes(fr.ptr[dst], fr.ptr[src], bytes)
			target.scatter(unsafe.Add(fr.ptr[dst], clampedStart(fr, starts, dims, part, strides)*es), fr.ptr[upd])
		}
	}})
	return nil
}

// lowerRNG generates bits with Philox4x32-10: state[0] is the key, state[1]
// and state[2] count blocks of 16 bytes, so that any block is known without
// the ones before it.
func lowerRNG(c *compiler, n *node) error {
	state, out := c.slot(n.inputs[0]), c.resultSlots(n)
	bytes := byteSize(n.results[1])
	blocks := (bytes + 15) / 16
	const per = 4096
	c.emit(step{op: "RNGBitGenerator", reads: []int{state}, writes: []int{out[1], out[0]}, bind: func(fr *frame) func() {
		body := func(t int) {
			s := view[uint64](fr.ptr[state], 3)
			dst := view[byte](fr.ptr[out[1]], bytes)
			for i := t * per; i < min(blocks, (t+1)*per); i++ {
				lo, carry := bits.Add64(s[1], uint64(i), 0)
				block := philox(s[0], lo, s[2]+carry)
				copy(dst[i*16:], block[:])
			}
		}
		return func() {
			workpool.For((blocks+per-1)/per, body)
			s, next := view[uint64](fr.ptr[state], 3), view[uint64](fr.ptr[out[0]], 3)
			lo, carry := bits.Add64(s[1], uint64(blocks), 0)
			next[0], next[1], next[2] = s[0], lo, s[2]+carry
		}
	}})
	return nil
}

// philox is one block of Philox4x32-10 (Salmon et al., 2011, section 3.3).
func philox(key, lo, hi uint64) (out [16]byte) {
	x := [4]uint32{uint32(lo), uint32(lo >> 32), uint32(hi), uint32(hi >> 32)}
	k0, k1 := uint32(key), uint32(key>>32)
	for range 10 {
		h0, l0 := bits.Mul32(0xD2511F53, x[0])
		h1, l1 := bits.Mul32(0xCD9E8D57, x[2])
		x = [4]uint32{h1 ^ x[1] ^ k0, l1, h0 ^ x[3] ^ k1, l0}
		k0 += 0x9E3779B9
		k1 += 0xBB67AE85
	}
	for i, v := range x {
		binary.LittleEndian.PutUint32(out[4*i:], v)
	}
	return out
}
