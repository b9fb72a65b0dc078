package cpu

import (
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"

	"github.com/retort-ml/retort/internal/workpool"
	"github.com/retort-ml/retort/model/backend/cpu/internal/kernels"
)

// lowerNorm lowers the three batch normalisations. The feature axis is last.
func lowerNorm(c *compiler, n *node) error {
	shape := n.inputs[0].shape
	features := shape.Dimensions[shape.Rank()-1]
	b := kernels.BatchNorm{Rows: shape.Size() / max(1, features), C: features, Eps: n.attr.(normAttr).epsilon}
	st := step{op: n.op.String()}
	for _, in := range n.inputs {
		st.reads = append(st.reads, c.slot(in))
	}
	st.writes = c.resultSlots(n)
	if shape.DType == dtypes.Float32 {
		st.bind = func(fr *frame) func() { return func() { norm32(fr, n, b, st.reads, st.writes) } }
	} else {
		st.bind = func(fr *frame) func() { return func() { norm64(fr, n.op, b, st.reads, st.writes) } }
	}
	st.reuse = []int{st.reads[0]}
	switch {
	case shape.DType != dtypes.Float32:
	case n.op == compute.OpTypeBatchNormGradient:
		st.reuse = append(st.reuse, st.reads[4])
	case n.attr.(normAttr).residual:
		st.reuse = append(st.reuse, st.reads[3])
	}
	c.emit(st)
	return nil
}

func norm32(fr *frame, n *node, b kernels.BatchNorm, r, w []int) {
	all := b.Rows * b.C
	if all == 0 {
		for i, s := range w {
			if i > 0 {
				clear(fr.f32(s, b.C))
			}
		}
		return
	}
	x, scale := fr.f32(r[0], all), fr.f32(r[1], b.C)
	attr := n.attr.(normAttr)
	var extra []float32
	if attr.residual || attr.relu && !attr.again && n.op == compute.OpTypeBatchNormGradient {
		extra = fr.f32(r[len(r)-1], all)
	}
	switch n.op {
	case compute.OpTypeBatchNormForInference:
		b.Apply(fr.f32(w[0], all), x, scale, fr.f32(r[2], b.C), fr.f32(r[3], b.C), fr.f32(r[4], b.C), nil, false)
	case compute.OpTypeBatchNormForTraining:
		b.Forward(fr.f32(w[0], all), x, scale, fr.f32(r[2], b.C), fr.f32(w[1], b.C), fr.f32(w[2], b.C), extra, attr.relu)
	default:
		if attr.again {
			b.GradAgain(fr.f32(w[0], all), fr.f32(w[1], b.C), fr.f32(w[2], b.C), x, fr.f32(r[4], all), scale, fr.f32(r[5], b.C),
				fr.f32(r[2], b.C), fr.f32(r[3], b.C))
			return
		}
		b.Grad(fr.f32(w[0], all), fr.f32(w[1], b.C), fr.f32(w[2], b.C), x, fr.f32(r[4], all), scale,
			fr.f32(r[2], b.C), fr.f32(r[3], b.C), extra, nil)
	}
}

// norm64 is the plain version, feature by feature.
func norm64(fr *frame, op compute.OpType, b kernels.BatchNorm, r, w []int) {
	all, count := b.Rows*b.C, float64(b.Rows)
	f64 := func(s, n int) []float64 { return view[float64](fr.ptr[s], n) }
	x, scale, y := f64(r[0], all), f64(r[1], b.C), f64(w[0], all)
	workpool.For(b.C, func(c int) {
		var mean, variance, offset float64
		switch op {
		case compute.OpTypeBatchNormForInference:
			offset, mean, variance = f64(r[2], b.C)[c], f64(r[3], b.C)[c], f64(r[4], b.C)[c]
		case compute.OpTypeBatchNormForTraining:
			offset = f64(r[2], b.C)[c]
			mean, variance = moments(x[min(c, all):], b.C, count)
			f64(w[1], b.C)[c], f64(w[2], b.C)[c] = mean, variance
		default:
			mean, variance = f64(r[2], b.C)[c], f64(r[3], b.C)[c]
		}
		inv := 1 / math.Sqrt(variance+float64(b.Eps))
		if op != compute.OpTypeBatchNormGradient {
			for i := c; i < all; i += b.C {
				y[i] = (x[i]-mean)*inv*scale[c] + offset
			}
			return
		}
		dy := f64(r[4], all)
		var sum, dot float64
		for i := c; i < all; i += b.C {
			sum += dy[i]
			dot += dy[i] * (x[i] - mean) * inv
		}
		f64(w[1], b.C)[c], f64(w[2], b.C)[c] = dot, sum
		for i := c; i < all; i += b.C {
			y[i] = scale[c] * inv * (dy[i] - sum/count - (x[i]-mean)*inv*dot/count)
		}
	})
}

func moments(x []float64, stride int, count float64) (mean, variance float64) {
	for i := 0; i < len(x); i += stride {
		mean += x[i] / count
	}
	for i := 0; i < len(x); i += stride {
		variance += (x[i] - mean) * (x[i] - mean) / count
	}
	return mean, variance
}
