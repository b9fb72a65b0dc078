package export

import "fmt"

// heads writes what sits on the features: a classifier's head on its level of the
// projection head, or the whole projection head.
func (g *onnxGraph) heads(x string) {
	s := g.spec
	keep := s.HeadLayers
	if s.Classes > 0 {
		keep = s.Selector
	}
	for i := range keep {
		layer := fmt.Sprintf("head_contrastive/nl_%d", i)
		if s.Classes == 0 && g.weights[layer+"/dense/kernel"] == nil {
			return // of a classifier's head, without the classifier, only layers are left
		}
		scale, shift := g.fold(layer + "/batch_normalization")
		x = g.dense(x, layer+"/dense", scale, shift)
		if i < s.HeadLayers-1 {
			x = g.op("Relu", []string{x})
		}
	}
	switch {
	case s.Classes > 0:
		bias, _ := g.weight("head_supervised/linear_layer/dense/bias")
		shift := make([]float64, len(bias))
		for i, v := range bias {
			shift[i] = float64(v)
		}
		g.output(g.dense(x, "head_supervised/linear_layer/dense", nil, shift), "logits", s.Classes)
	case keep > 0:
		g.output(x, "projection", s.HeadDim)
	}
}

// dense is a dense layer whose kernel [in, out] is Gemm's B as it is.
func (g *onnxGraph) dense(x, layer string, scale, shift []float64) string {
	k, s := g.weight(layer + "/kernel")
	if g.failed != nil {
		return ""
	}
	out := s[1]
	scaled := make([]float32, len(k))
	for i, v := range k {
		scaled[i] = v
		if scale != nil {
			scaled[i] = float32(float64(v) * scale[i%out])
		}
	}
	return g.op("Gemm", []string{x, g.floats(layer+"/kernel", scaled, s...), g.floats(layer+"/bias", narrow(shift), out)})
}
