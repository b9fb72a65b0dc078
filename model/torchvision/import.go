package torchvision

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/nn"
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/model/resnet"
	"github.com/retort-ml/retort/model/train"
)

// What torchvision's presets normalise RGB pixels of 0 to 1 by (ImageNet's).
var (
	Mean      = [3]float64{0.485, 0.456, 0.406}
	Deviation = [3]float64{0.229, 0.224, 0.225}
)

// Options say what a file does not.
type Options struct {
	// UnitPixels says that the network was trained on pixels of 0 to 1, not on
	// normalised ones. Files that this program exported say so themselves.
	UnitPixels bool
	// ImageSize is the side of the images in pixels, 0: what suits the stem.
	ImageSize int
}

// Told is what an import has to tell.
type Told struct {
	Spec    train.Spec
	Outputs int      // of the classifier that was left out; 0: there was none
	Left    []string // names of what else was not taken over
	Notes   []string // how the network differs from the file's
}

// Import reads the safetensors file at path: the encoder, and of a file without a
// classifier the projection head.
func Import(path string, o Options) (*checkpoint.Checkpoint, *Told, error) {
	tensors, err := checkpoint.ReadTensors(path)
	if err != nil {
		return nil, nil, err
	}
	f := &file{Tensors: tensors, used: map[string]bool{}}
	s, err := f.spec()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	if o.ImageSize != 0 {
		if (o.ImageSize > resnet.CIFARSize) != (s.ImageSize > resnet.CIFARSize) {
			return nil, nil, fmt.Errorf("%s: its stem is that for images of about %d pixels, not of %d (%d and less have a 3x3 convolution and no pooling)", path, s.ImageSize, o.ImageSize, resnet.CIFARSize)
		}
		s.ImageSize = o.ImageSize
	}
	n := &network{file: f, weights: map[string][]float32{}, told: &Told{Spec: s}}
	if err := n.read(); err != nil {
		return nil, nil, err
	}
	if !o.UnitPixels && !strings.HasPrefix(f.Meta["input"], "float RGB pixels in 0 to 1") {
		n.fold()
	}
	c := &checkpoint.Checkpoint{State: checkpoint.State{Meta: map[string]string{"imported": filepath.Base(path)}}}
	if c.Spec, err = json.Marshal(s); err != nil {
		return nil, nil, err
	}
	for _, v := range s.Declaration().Variables {
		data := n.weights[v.Name]
		if len(data) != v.Size() {
			return nil, nil, fmt.Errorf("%s: it has no counterpart of %s", path, v)
		}
		c.Weights = append(c.Weights, checkpoint.Tensor{Name: v.Name, Shape: slices.Clone(v.Shape), Data: data})
	}
	if s.ImageSize > resnet.CIFARSize && (s.ImageSize-1)/2%2 == 1 {
		n.note("the stem's pooling is shifted by a pixel against torchvision's for images of %d pixels (not for %d)", s.ImageSize, s.ImageSize/4*4+1)
	}
	if err := n.left(); err != nil {
		return nil, nil, err
	}
	return c, n.told, nil
}

// file is the file, of which some tensors are taken over.
type file struct {
	*checkpoint.Tensors
	used map[string]bool
}

// floats takes a tensor over, which must have the shape.
func (f *file) floats(name string, shape ...int) ([]float32, error) {
	switch have := f.Shape(name); {
	case have == nil:
		return nil, fmt.Errorf("%s: there is no tensor %s, which a ResNet of its other tensors has", f.Path, name)
	case !slices.Equal(have, shape):
		return nil, fmt.Errorf("%s: tensor %s has shape %v, a ResNet of its other tensors has %v there (wide, grouped and other kinds of ResNets have no counterpart here)", f.Path, name, have, shape)
	}
	f.used[name] = true
	return f.Floats(name)
}

// spec is the specification of a network of these tensors.
func (f *file) spec() (train.Spec, error) {
	s := train.Spec{Objective: objective.NTXent, Temperature: 0.1} // a specification has one: the paper's
	stem := f.Shape("conv1.weight")
	if len(stem) != 4 || f.Shape("layer1.0.conv1.weight") == nil {
		return s, errors.New("it has no conv1.weight and layer1.0.conv1.weight: want the names of torchvision's ResNets (the state of its model, saved as safetensors)")
	}
	switch stem[2] {
	case 7:
		s.ImageSize = 224
	case 3:
		s.ImageSize = resnet.CIFARSize
	default:
		return s, fmt.Errorf("its stem is a %dx%d convolution; want 7x7, or 3x3 for small images", stem[2], stem[3])
	}
	var groups [4]int
	for g := range groups {
		for f.Shape(fmt.Sprintf("layer%d.%d.conv1.weight", g+1, groups[g])) != nil {
			groups[g]++
		}
	}
	bottleneck := f.Shape("layer1.0.conv3.weight") != nil
	for _, depth := range resnet.Depths() {
		c := resnet.Config{Depth: depth, Width: float64(stem[0]) / 64}
		if blocks, b := c.Blocks(); blocks == groups && b == bottleneck {
			s.Arch = c
		}
	}
	if s.Arch.Depth == 0 {
		return s, fmt.Errorf("its groups have %v blocks: no ResNet of a depth that is known here (%v)", groups, resnet.Depths())
	}
	if err := s.Arch.Validate(); err != nil {
		return s, err
	}
	for len(f.Shape("fc.weight")) == 0 && len(f.Shape(fmt.Sprintf("projection.%d.weight", s.HeadLayers))) == 2 {
		s.HeadDim = f.Shape(fmt.Sprintf("projection.%d.weight", s.HeadLayers))[0]
		s.HeadLayers++
	}
	return s, nil
}

// network gathers weights by their names here.
type network struct {
	*file
	weights map[string][]float32
	told    *Told
}

func (n *network) note(format string, args ...any) {
	n.told.Notes = append(n.told.Notes, fmt.Sprintf(format, args...))
}

// read takes over what the specification wants, from the names that it has there.
func (n *network) read() error {
	names := n.names()
	for _, v := range n.told.Spec.Declaration().Variables {
		name, own := names[v.Name[:strings.LastIndex(v.Name, "/")]], string(v.Kind)
		if own == "kernel" {
			own = "weight"
		} else {
			own = map[string]string{"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}[own]
		}
		if strings.HasPrefix(name, "layer1.0.downsample.") && n.Shape("layer1.0.downsample.0.weight") == nil {
			n.weights[v.Name] = identity(v)
			continue
		}
		shape := v.Shape
		switch len(shape) {
		case 4:
			shape = []int{shape[3], shape[2], shape[0], shape[1]}
		case 2:
			shape = []int{shape[1], shape[0]}
		}
		data, err := n.floats(name+"."+own, shape...)
		if err != nil {
			return err
		}
		if len(shape) > 1 {
			data = inputsLast(data, shape)
		}
		n.weights[v.Name] = data
	}
	if n.Shape("layer1.0.downsample.0.weight") == nil {
		n.note("the first block's projection, which torchvision does not have, begins as the identity")
	}
	return nil
}

// names maps layers to the names that they have in the file, in the order of their
// numbers: a block's shortcut comes first.
func (n *network) names() map[string]string {
	all := map[string]string{}
	layer := func(conv, bn string) {
		number := ""
		if len(all) > 0 {
			number = fmt.Sprint("_", len(all)/2)
		}
		all["base_model/conv2d"+number], all["base_model/batch_normalization"+number] = conv, bn
	}
	layer("conv1", "bn1")
	groups, bottleneck := n.told.Spec.Arch.Blocks()
	convolutions := 2
	if bottleneck {
		convolutions = 3
	}
	for g, blocks := range groups {
		for i := range blocks {
			block := fmt.Sprintf("layer%d.%d.", g+1, i)
			if i == 0 {
				layer(block+"downsample.0", block+"downsample.1")
			}
			for k := range convolutions {
				layer(fmt.Sprint(block, "conv", k+1), fmt.Sprint(block, "bn", k+1))
			}
		}
	}
	for i := range n.told.Spec.HeadLayers {
		head := fmt.Sprintf("head_contrastive/nl_%d/", i)
		all[head+"dense"], all[head+"batch_normalization"] = fmt.Sprintf("projection.%d", i), fmt.Sprintf("projection.%d.bn", i)
	}
	return all
}

// identity is a variable of a 1x1 convolution and its normalisation that change
// nothing in evaluation.
func identity(v nn.Variable) []float32 {
	data := make([]float32, v.Size())
	for i := range data {
		switch v.Kind {
		case "kernel":
			if i/v.Shape[3] == i%v.Shape[3] {
				data[i] = 1
			}
		case "gamma":
			data[i] = float32(math.Sqrt(1 + nn.BatchNormEpsilon))
		case "moving_variance":
			data[i] = 1
		}
	}
	return data
}

// inputsLast turns [out, in, h, w] into [h, w, in, out], and [out, in] into [in, out].
func inputsLast(x []float32, shape []int) []float32 {
	out, in := shape[0], shape[1]
	area := len(x) / (out * in)
	y := make([]float32, len(x))
	for i, v := range x {
		o, c, p := i/area/in, i/area%in, i%area
		y[(p*in+c)*out+o] = v
	}
	return y
}

// fold makes the first convolution one of pixels of 0 to 1: its weights are divided
// by the deviation; what the mean takes off its output, its normalisation does.
func (n *network) fold() {
	kernel, mean := n.weights["base_model/conv2d/kernel"], n.weights["base_model/batch_normalization/moving_mean"]
	out := len(mean)
	shift := make([]float64, out)
	for i, v := range kernel {
		c := i / out % 3
		w := float64(v) / Deviation[c]
		kernel[i] = float32(w)
		shift[i%out] += w * Mean[c]
	}
	for o := range mean {
		mean[o] = float32(float64(mean[o]) + shift[o])
	}
	n.note("torchvision's normalisation of pixels is folded into the first convolution: outputs at the image's edges differ")
}

// left finds what was not taken over. In the encoder nothing may be.
func (n *network) left() error {
	if fc := n.Shape("fc.weight"); len(fc) == 2 {
		n.told.Outputs = fc[0]
	}
	for _, name := range n.Names() {
		switch {
		case n.used[name], strings.HasSuffix(name, ".num_batches_tracked"), strings.HasPrefix(name, "fc."):
		case strings.HasPrefix(name, "projection.") && strings.HasSuffix(name, ".bn.bias") && n.told.Spec.HeadLayers > 0: // zeros: the last layer's only scales
		case strings.HasPrefix(name, "conv1."), strings.HasPrefix(name, "bn1."), strings.HasPrefix(name, "layer"):
			return fmt.Errorf("%s: it has a tensor %s, which no ResNet here has: it is a network of another kind", n.Path, name)
		default:
			n.told.Left = append(n.told.Left, name)
		}
	}
	return nil
}
