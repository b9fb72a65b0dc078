package optim

import . "github.com/gomlx/gomlx/core/graph"

// adamW is Adam with weight decay beside the gradient (Loshchilov and Hutter
// 2019), as PyTorch and optax have it: w - lr * (wd*w + m' / (sqrt(v') + epsilon)),
// m' and v' without their bias to zero.
func (c Config) adamW(name string, w, g *Node, slots []*Node, lr, step *Node) (*Node, []*Node) {
	beta1, beta2 := or(c.Beta1, 0.9), or(c.Beta2, 0.999)
	m := Add(slots[0], MulScalar(Sub(g, slots[0]), 1-beta1))
	v := Add(slots[1], MulScalar(Sub(Square(g), slots[1]), 1-beta2))
	t := AddScalar(step, 1)
	unbiased := func(x *Node, beta float64) *Node {
		return Div(x, OneMinus(Pow(Scalar(w.Graph(), w.DType(), beta), t)))
	}
	update := Div(unbiased(m, beta1), AddScalar(Sqrt(unbiased(v, beta2)), or(c.Epsilon, 1e-8)))
	if c.Decays(name) {
		update = Add(update, MulScalar(w, c.WeightDecay))
	}
	return Sub(w, Mul(update, lr)), []*Node{m, v}
}

// ClipGradients scales gradients by norm/max(norm, their norm), the latter taken over all
// of them together: TensorFlow's clip_by_global_norm.
func ClipGradients(gradients []*Node, norm float64) []*Node {
	if len(gradients) == 0 {
		return nil
	}
	var sum *Node
	for _, g := range gradients {
		square := ReduceAllSum(Square(g))
		if sum == nil {
			sum = square
		} else {
			sum = Add(sum, square)
		}
	}
	scale := Div(Scalar(sum.Graph(), sum.DType(), norm), MaxScalar(Sqrt(sum), norm))
	out := make([]*Node, len(gradients))
	for i, g := range gradients {
		out[i] = Mul(g, scale)
	}
	return out
}
