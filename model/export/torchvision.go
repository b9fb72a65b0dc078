package export

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/train"
)

// Torchvision writes the network of a checkpoint as safetensors with the names and
// layouts of torchvision's ResNets: convolutions [out, in, h, w], dense layers [out,
// in]. Where torchvision's model differs, the names go on as they would there: a
// ResNet-18's or 34's first block has a downsample, too. A projection head is
// "projection.0.weight" (dense), "projection.0.bn.weight", …; a classifier is "fc".
//
// Networks with selective kernels have no counterpart.
func Torchvision(w io.Writer, c *checkpoint.Checkpoint) error {
	n, err := open(c)
	if err != nil {
		return err
	}
	if n.spec.Arch.SKRatio > 0 {
		return fmt.Errorf("export: torchvision has no %s: its networks have no selective kernels (export ONNX)", n.spec.Arch)
	}
	t := &torch{onnxGraph: onnxGraph{network: n, counts: map[string]int{}}}
	t.encoder()
	t.heads()
	if t.failed != nil {
		return t.failed
	}
	meta := map[string]string{"format": "pt", "architecture": n.spec.Arch.String(), "image_size": fmt.Sprint(n.spec.ImageSize), "input": "float RGB pixels in 0 to 1, NCHW"}
	if len(c.Classes) > 0 {
		classes, err := json.Marshal(c.Classes)
		if err != nil {
			return err
		}
		meta["classes"] = string(classes)
	}
	if temperature, ok := c.Meta[train.TemperatureKey]; ok {
		meta[train.TemperatureKey] = temperature
	}
	slices.SortFunc(t.tensors, func(a, b checkpoint.Tensor) int { return strings.Compare(a.Name, b.Name) })
	return checkpoint.EncodeTensors(w, meta, t.tensors)
}

// torch gathers tensors; it walks the layers in the order of their numbers.
type torch struct {
	onnxGraph
	tensors []checkpoint.Tensor
}

func (t *torch) encoder() {
	t.layer("conv1", "bn1")
	groups, bottleneck := t.spec.Arch.Blocks()
	convolutions := 2
	if bottleneck {
		convolutions = 3
	}
	for group, blocks := range groups {
		for i := range blocks {
			block := fmt.Sprintf("layer%d.%d.", group+1, i)
			if i == 0 { // the shortcut comes first here
				t.layer(block+"downsample.0", block+"downsample.1")
			}
			for k := range convolutions {
				t.layer(fmt.Sprintf("%sconv%d", block, k+1), fmt.Sprintf("%sbn%d", block, k+1))
			}
		}
	}
}

// layer is the next convolution and its normalisation.
func (t *torch) layer(conv, bn string) {
	k, s := t.weight("base_model/" + t.next("conv2d") + "/kernel")
	if t.failed == nil {
		t.add(conv+".weight", oihw(k, s, nil), s[3], s[2], s[0], s[1])
	}
	t.norm(bn, "base_model/"+t.next("batch_normalization"))
}

func (t *torch) norm(name, layer string) {
	for _, part := range [][2]string{{"weight", "gamma"}, {"bias", "beta"}, {"running_mean", "moving_mean"}, {"running_var", "moving_variance"}} {
		if part[1] == "beta" && t.weights[layer+"/beta"] == nil {
			gamma, s := t.weight(layer + "/gamma") // it only scales
			t.add(name+".bias", make([]float32, len(gamma)), s...)
			continue
		}
		data, s := t.weight(layer + "/" + part[1])
		t.add(name+"."+part[0], data, s...)
	}
}

func (t *torch) add(name string, data []float32, shape ...int) {
	t.tensors = append(t.tensors, checkpoint.Tensor{Name: name, Shape: shape, Data: data})
}

func (t *torch) heads() {
	s := t.spec
	keep := s.HeadLayers
	if s.Classes > 0 {
		keep = s.Selector
	}
	for i := range keep {
		layer := fmt.Sprintf("head_contrastive/nl_%d", i)
		if s.Classes == 0 && t.weights[layer+"/dense/kernel"] == nil {
			break
		}
		t.dense(fmt.Sprintf("projection.%d.weight", i), layer+"/dense")
		t.norm(fmt.Sprintf("projection.%d.bn", i), layer+"/batch_normalization")
	}
	if s.Classes > 0 {
		const layer = "head_supervised/linear_layer/dense"
		t.dense("fc.weight", layer)
		bias, shape := t.weight(layer + "/bias")
		t.add("fc.bias", bias, shape...)
	}
}

// dense turns [in, out] into [out, in].
func (t *torch) dense(name, layer string) {
	k, s := t.weight(layer + "/kernel")
	if t.failed != nil {
		return
	}
	in, out := s[0], s[1]
	y := make([]float32, len(k))
	for i, v := range k {
		y[i%out*in+i/out] = v
	}
	t.add(name, y, out, in)
}
