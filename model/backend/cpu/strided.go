package cpu

import "unsafe"

// pattern says where the elements of a tensor lie: element (i0, i1, …) of dims
// is Σ ik·strides[k] elements past the start. A stride of 0 broadcasts, a
// negative one reverses.
type pattern struct {
	dims, strides []int
	start         int
}

// rowMajor are the strides of a dense tensor.
func rowMajor(dims []int) []int {
	s := make([]int, len(dims))
	for i, step := len(dims)-1, 1; i >= 0; i-- {
		s[i] = step
		step *= dims[i]
	}
	return s
}

// merged drops axes of size 1 and joins neighbours that one stride describes.
func (p pattern) merged() pattern {
	m := pattern{start: p.start}
	for i, d := range p.dims {
		if d == 1 {
			continue
		}
		k := len(m.dims) - 1
		if k >= 0 && m.strides[k] == p.strides[i]*d {
			m.dims[k] *= d
			m.strides[k] = p.strides[i]
			continue
		}
		m.dims = append(m.dims, d)
		m.strides = append(m.strides, p.strides[i])
	}
	return m
}

// dense says whether the merged pattern is one run of consecutive elements.
func (p pattern) dense() bool {
	return p.start == 0 && (len(p.dims) == 0 || len(p.dims) == 1 && p.strides[0] == 1)
}

// scalar says whether the merged pattern is one element, repeated.
func (p pattern) scalar() bool { return len(p.dims) == 1 && p.strides[0] == 0 }

// period is the number of elements after which a merged pattern repeats, if it
// broadcasts along its leading axis; otherwise 0.
func (p pattern) period() int {
	if len(p.dims) < 2 || p.strides[0] != 0 {
		return 0
	}
	n := 1
	for _, d := range p.dims[1:] {
		n *= d
	}
	return n
}

// maxRank bounds the axes of a merged pattern.
const maxRank = 16

// gather copies the elements [from, from+n) of the pattern over src to dst.
func (p pattern) gather(dst, src unsafe.Pointer, from, n, elemSize int) {
	switch elemSize {
	case 1:
		gather[uint8](p, view[uint8](dst, n), src, from)
	case 2:
		gather[uint16](p, view[uint16](dst, n), src, from)
	case 4:
		gather[uint32](p, view[uint32](dst, n), src, from)
	case 8:
		gather[uint64](p, view[uint64](dst, n), src, from)
	default:
		panic("element size")
	}
}

func gather[T any](p pattern, dst []T, src unsafe.Pointer, from int) {
	if len(dst) == 0 {
		return
	}
	at := func(i int) *T { return (*T)(unsafe.Add(src, i*int(unsafe.Sizeof(dst[0])))) }
	rank := len(p.dims)
	if rank == 0 {
		dst[0] = *at(p.start)
		return
	}
	var index [maxRank]int
	pos := p.start
	for k, rest := rank-1, from; k >= 0; k-- {
		index[k] = rest % p.dims[k]
		rest /= p.dims[k]
		pos += index[k] * p.strides[k]
	}
	inner, stride := p.dims[rank-1], p.strides[rank-1]
	for {
		run := min(inner-index[rank-1], len(dst))
		gatherRun(dst[:run], at(pos), stride)
		dst = dst[run:]
		if len(dst) == 0 {
			return
		}
		pos -= index[rank-1] * stride
		index[rank-1] = 0
		for k := rank - 2; k >= 0; k-- {
			index[k]++
			pos += p.strides[k]
			if index[k] < p.dims[k] {
				break
			}
			pos -= index[k] * p.strides[k]
			index[k] = 0
		}
	}
}

func gatherRun[T any](dst []T, src *T, stride int) {
	switch stride {
	case 1:
		copy(dst, unsafe.Slice(src, len(dst)))
	case 0:
		v := *src
		for i := range dst {
			dst[i] = v
		}
	default:
		size := int(unsafe.Sizeof(dst[0]))
		for i := range dst {
			dst[i] = *(*T)(unsafe.Add(unsafe.Pointer(src), i*stride*size))
		}
	}
}
