package kernels

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
)

// labelConv is a convolution of ResNet-50 at 224 pixels in inference.
type labelConv struct {
	Conv
	residual bool
	times    int // that the network has it
}

func labelConvs(n int) []labelConv {
	conv := func(times, size, ci, co, k, stride int, residual bool) labelConv {
		return labelConv{Conv{N: n, H: size, W: size, Ci: ci, KH: k, KW: k, Co: co, OH: size / stride, OW: size / stride,
			StrideH: stride, StrideW: stride, PadT: (k - 1) / 2, PadL: (k - 1) / 2, DilH: 1, DilW: 1, Groups: 1}, residual, times}
	}
	list := []labelConv{conv(1, 224, 3, 64, 7, 2, false), conv(1, 56, 64, 64, 1, 1, false), conv(1, 56, 64, 256, 1, 1, false),
		conv(2, 56, 256, 64, 1, 1, false), conv(3, 56, 64, 64, 3, 1, false), conv(3, 56, 64, 256, 1, 1, true)}
	for i, blocks := range []int{4, 6, 3} {
		size, width := 56>>i, 128<<i
		list = append(list, conv(1, size, 2*width, width, 1, 1, false), conv(1, size, width, width, 3, 2, false),
			conv(1, size/2, width, 4*width, 1, 1, false), conv(1, size, 2*width, 4*width, 1, 2, true),
			conv(blocks-1, size/2, 4*width, width, 1, 1, false), conv(blocks-1, size/2, width, width, 3, 1, false),
			conv(blocks-1, size/2, width, 4*width, 1, 1, true))
	}
	return list
}

// BenchmarkLabelConv is a batch of 32 through each convolution of ResNet-50, the
// residual where the result goes, as in the network.
func BenchmarkLabelConv(b *testing.B) {
	peak := PeakGFLOPS(runtime.GOMAXPROCS(0))
	for _, s := range labelConvs(32) {
		r := rand.New(rand.NewPCG(1, 1))
		x, w, y := random(r, s.lenX()), random(r, s.lenW()), random(r, s.lenY())
		ep := Epilogue{Scale: random(r, s.Co), Bias: random(r, s.Co), ReLU: true}
		MulScalar(ep.Scale, ep.Scale, 0.01) // so that what is added again and again stays finite
		if s.residual {
			ep.Residual = y
		}
		b.Run(fmt.Sprintf("%dx/%dpx/%dx%d/%d-%d/stride%d", s.times, s.H, s.KH, s.KW, s.Ci, s.Co, s.StrideH), func(b *testing.B) {
			for b.Loop() {
				ConvForward(y, x, w, s.Conv, ep)
			}
			report(b, s.FLOPs(), peak)
		})
	}
}
