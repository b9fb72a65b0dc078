package export

import (
	"fmt"
	"math"

	"github.com/retort-ml/retort/model/nn"
	"github.com/retort-ml/retort/model/resnet"
)

// onnxGraph is a GraphProto that grows: 1 nodes, 2 name, 5 initialisers, 11
// inputs, 12 outputs.
type onnxGraph struct {
	*network
	nodes, initialisers, inputs, outputs []message
	counts                               map[string]int
	failed                               error
}

func (g *onnxGraph) message() (m message) {
	for _, n := range g.nodes {
		m = m.inner(1, n)
	}
	m = m.text(2, g.spec.Arch.String())
	for _, t := range g.initialisers {
		m = m.inner(5, t)
	}
	for _, v := range g.inputs {
		m = m.inner(11, v)
	}
	for _, v := range g.outputs {
		m = m.inner(12, v)
	}
	return m
}

// next numbers the layers of a kind as nn.Builder does: conv2d, conv2d_1, …
func (g *onnxGraph) next(kind string) string {
	n := g.counts[kind]
	g.counts[kind]++
	if n == 0 {
		return kind
	}
	return fmt.Sprintf("%s_%d", kind, n)
}

// op adds a node with one output, whose name it returns.
func (g *onnxGraph) op(op string, inputs []string, attributes ...message) string {
	name := g.next("op/" + op)
	g.nodes = append(g.nodes, node(op, name, inputs, []string{name}, attributes...))
	return name
}

// output gives a value the name of an output.
func (g *onnxGraph) output(value, name string, width int) {
	g.nodes = append(g.nodes, node("Identity", name, []string{value}, []string{name}))
	g.outputs = append(g.outputs, valueInfo(name, typeFloat, "batch", width))
}

func (g *onnxGraph) floats(name string, values []float32, dims ...int) string {
	g.initialisers = append(g.initialisers, tensor(name, typeFloat, dims, floatBytes(values)))
	return name
}

func (g *onnxGraph) ints(name string, values ...int64) string {
	g.initialisers = append(g.initialisers, tensor(name, typeInt64, []int{len(values)}, intBytes(values)))
	return name
}

// weight is a variable's values. One that is missing fails the export.
func (g *onnxGraph) weight(name string) ([]float32, []int) {
	t := g.weights[name]
	if t == nil {
		if g.failed == nil {
			g.failed = fmt.Errorf("export: the checkpoint lacks %s", name)
		}
		return nil, make([]int, 4)
	}
	return t.Data, t.Shape
}

// fold is what a batch normalisation does to each channel: y = x*scale + shift.
func (g *onnxGraph) fold(layer string) (scale, shift []float64) {
	gamma, _ := g.weight(layer + "/gamma")
	mean, _ := g.weight(layer + "/moving_mean")
	variance, _ := g.weight(layer + "/moving_variance")
	scale, shift = make([]float64, len(gamma)), make([]float64, len(gamma))
	if g.failed != nil {
		return scale, shift
	}
	var beta []float32
	if t := g.weights[layer+"/beta"]; t != nil {
		beta = t.Data
	}
	for i := range scale {
		scale[i] = float64(gamma[i]) / math.Sqrt(float64(variance[i])+nn.BatchNormEpsilon)
		shift[i] = -float64(mean[i]) * scale[i]
		if beta != nil {
			shift[i] += float64(beta[i])
		}
	}
	return scale, shift
}

// layerKind says what follows a convolution or a dense layer.
type layerKind int

const (
	normReLU layerKind = iota // batch normalisation and ReLU
	norm                      // batch normalisation
	bare                      // nothing
)

// conv is a convolution of the encoder: kernels HWIO become OIHW.
func (g *onnxGraph) conv(x string, stride int, kind layerKind) string {
	layer := "base_model/" + g.next("conv2d")
	k, s := g.weight(layer + "/kernel")
	var scale, shift []float64
	if kind != bare {
		scale, shift = g.fold("base_model/" + g.next("batch_normalization"))
	}
	if g.failed != nil {
		return ""
	}
	size, in, out := s[0], s[2], s[3]
	inputs := []string{x, g.floats(layer+"/kernel", oihw(k, s, scale), out, in, size, size)}
	if shift != nil {
		inputs = append(inputs, g.floats(layer+"/bias", narrow(shift), out))
	}
	p := (size - 1) / 2
	y := g.op("Conv", inputs, attribute("kernel_shape", []int{size, size}), attribute("strides", []int{stride, stride}), attribute("pads", []int{p, p, p, p}))
	if kind == normReLU {
		y = g.op("Relu", []string{y})
	}
	return y
}

// oihw turns a kernel [h, w, in, out] into [out, in, h, w]; scale, if there is
// one, multiplies the outputs.
func oihw(k []float32, shape []int, scale []float64) []float32 {
	area, in, out := shape[0]*shape[1], shape[2], shape[3]
	y := make([]float32, len(k))
	for o := range out {
		for c := range in {
			for i := range area {
				v := k[(i*in+c)*out+o]
				if scale != nil {
					v = float32(float64(v) * scale[o])
				}
				y[(o*in+c)*area+i] = v
			}
		}
	}
	return y
}

func narrow(values []float64) []float32 {
	out := make([]float32, len(values))
	for i, v := range values {
		out[i] = float32(v)
	}
	return out
}

// build writes the whole network: it walks as resnet.Config.Encode and
// head.Projection.Project do.
func (g *onnxGraph) build(o Options) error {
	g.counts = map[string]int{}
	x, err := g.input(o.Input)
	if err != nil {
		return err
	}
	x = g.encoder(x)
	features := g.op("Flatten", []string{g.op("GlobalAveragePool", []string{x})}, attribute("axis", 1))
	g.output(features, "features", g.spec.Arch.Features())
	g.heads(features)
	return g.failed
}

func (g *onnxGraph) encoder(x string) string {
	a := g.spec.Arch
	x, size := g.stem(x, g.spec.ImageSize)
	groups, bottleneck := a.Blocks()
	for group, blocks := range groups {
		for i := range blocks {
			stride := 1
			if i == 0 && group > 0 {
				stride = 2
			}
			around := x
			if i == 0 {
				around = g.shortcut(x, size, stride)
			}
			if bottleneck {
				x = g.bottleneck(x, stride)
			} else {
				x = g.conv(g.conv(x, stride, normReLU), 1, norm)
			}
			x = g.op("Relu", []string{g.op("Add", []string{x, around})})
			size = (size-1)/stride + 1
		}
	}
	return x
}

func (g *onnxGraph) stem(x string, size int) (string, int) {
	if size <= resnet.CIFARSize {
		return g.conv(x, 1, normReLU), size
	}
	x = g.conv(x, 2, normReLU)
	if g.spec.Arch.SKRatio > 0 {
		x = g.conv(g.conv(x, 1, normReLU), 1, normReLU)
	}
	x = g.op("MaxPool", []string{x}, attribute("kernel_shape", []int{3, 3}), attribute("strides", []int{2, 2}), attribute("auto_pad", "SAME_UPPER"))
	size = (size-1)/2 + 1
	return x, (size + 1) / 2
}

// shortcut: with selective kernels a mean of 2x2 pixels comes before the
// convolution. With stride 1 it divides by the pixels that there are, with
// stride 2 always by 4, as if zeros followed an odd edge.
func (g *onnxGraph) shortcut(x string, size, stride int) string {
	if g.spec.Arch.SKRatio == 0 {
		return g.conv(x, stride, norm)
	}
	pad, zeros := 1, 0
	if stride == 2 {
		pad, zeros = size%2, 1
	}
	x = g.op("AveragePool", []string{x}, attribute("kernel_shape", []int{2, 2}), attribute("strides", []int{stride, stride}),
		attribute("pads", []int{0, 0, pad, pad}), attribute("count_include_pad", zeros))
	return g.conv(x, 1, norm)
}

func (g *onnxGraph) bottleneck(x string, stride int) string {
	x = g.conv(x, 1, normReLU)
	if g.spec.Arch.SKRatio > 0 {
		x = g.selectiveKernels(x, stride)
	} else {
		x = g.conv(x, stride, normReLU)
	}
	return g.conv(x, 1, norm)
}

// selectiveKernels is nn.Builder.SelectiveKernels.
func (g *onnxGraph) selectiveKernels(x string, stride int) string {
	first, second := g.halves(g.conv(x, stride, normReLU))
	mean := g.op("GlobalAveragePool", []string{g.op("Add", []string{first, second})})
	a, z := g.halves(g.conv(g.conv(mean, 1, normReLU), 1, bare))
	gate := func(x, more, less string) string {
		return g.op("Mul", []string{x, g.op("Sigmoid", []string{g.op("Sub", []string{more, less})})})
	}
	return g.op("Add", []string{gate(first, a, z), gate(second, z, a)})
}

// halves splits the channels in two.
func (g *onnxGraph) halves(x string) (first, second string) {
	name := g.next("op/Split")
	first, second = name+"/first", name+"/second"
	g.nodes = append(g.nodes, node("Split", name, []string{x}, []string{first, second}, attribute("axis", 1)))
	return first, second
}
