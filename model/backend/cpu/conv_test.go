package cpu

import (
	"fmt"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
)

// TestConvolutionGradients compares the three passes with the slow backend's
// over odd shapes, strides and dilations.
func TestConvolutionGradients(t *testing.T) {
	cases := []struct {
		n, h, w, ci, co, kh, kw, stride, dilation int
		pad                                       [2]int
	}{
		{2, 8, 8, 3, 4, 3, 3, 1, 1, [2]int{1, 1}},
		{1, 7, 9, 5, 2, 3, 3, 2, 1, [2]int{1, 1}},
		{2, 9, 7, 1, 3, 1, 1, 1, 1, [2]int{}},
		{2, 9, 7, 4, 3, 1, 1, 2, 1, [2]int{}},
		{1, 11, 11, 2, 2, 5, 3, 2, 1, [2]int{2, 2}},
		{1, 9, 9, 2, 3, 3, 3, 1, 2, [2]int{2, 2}},
		{3, 1, 1, 2, 3, 1, 1, 1, 1, [2]int{}},
		{1, 8, 8, 3, 8, 7, 7, 2, 1, [2]int{3, 3}},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			fn := func(x, w *Node) []*Node {
				conv := Convolve(x, w).PaddingPerDim([][2]int{{min(c.pad[0], c.kh-1), min(c.pad[1], c.kh-1)}, {min(c.pad[0], c.kw-1), min(c.pad[1], c.kw-1)}})
				if c.stride > 1 {
					conv = conv.Strides(c.stride)
				}
				if c.dilation > 1 {
					conv = conv.Dilations(c.dilation)
				}
				y := conv.Done()
				loss := ReduceAllSum(Mul(y, Sin(y)))
				return append([]*Node{y}, Gradient(loss, x, w)...)
			}
			compare(t, 2e-5, fn, noiseTensor(1, c.n, c.h, c.w, c.ci), noiseTensor(2, c.kh, c.kw, c.ci, c.co))
		})
	}
}
