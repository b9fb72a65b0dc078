// Package resnet builds the encoders of SimCLRv2: ResNets of any depth of the
// family and any width, with selective kernels and the ResNet-D changes that
// come with them (Chen et al. 2020, section 3.1; He et al. 2015; Li et al.
// 2019).
//
// It builds graphs. To run a trained network on images, load its checkpoint (package
// model/checkpoint) and hand it to train.NewPredictor in package model/train.
package resnet

import (
	"fmt"
	"math"
	"slices"

	"github.com/retort-ml/retort/model/nn"
)

// CIFARSize is the largest image side that gets the stem without pooling.
const CIFARSize = 32

// Config names one encoder.
type Config struct {
	Depth int     `json:"depth"` // 18, 34, 50, 101, 152 or 200
	Width float64 `json:"width"` // multiplies every channel count; 1 is 64 channels after the stem, fractions are fine
	// SKRatio turns on selective kernels, and is the share of channels in their
	// squeezed layer (the paper's is 0.0625). 0 is a plain ResNet.
	SKRatio float64 `json:"sk_ratio,omitempty"`
}

// layout is a row of the table that all depths are built from.
type layout struct {
	blocks     [4]int
	bottleneck bool
}

var layouts = map[int]layout{
	18:  {[4]int{2, 2, 2, 2}, false},
	34:  {[4]int{3, 4, 6, 3}, false},
	50:  {[4]int{3, 4, 6, 3}, true},
	101: {[4]int{3, 4, 23, 3}, true},
	152: {[4]int{3, 8, 36, 3}, true},
	200: {[4]int{3, 24, 36, 3}, true},
}

// Depths are the depths there are.
func Depths() []int {
	var depths []int
	for d := range layouts {
		depths = append(depths, d)
	}
	slices.Sort(depths)
	return depths
}

// Validate says what is wrong with a configuration.
func (c Config) Validate() error {
	if _, ok := layouts[c.Depth]; !ok {
		return fmt.Errorf("resnet: depth = %d; want one of %v", c.Depth, Depths())
	}
	if !(c.Width > 0) || c.Width > 64 {
		return fmt.Errorf("resnet: width = %v; want more than 0, at most 64 (1 is 64 channels after the stem)", c.Width)
	}
	if !(c.SKRatio >= 0) || c.SKRatio > 1 {
		return fmt.Errorf("resnet: sk_ratio = %v; want 0 (no selective kernels) to 1 (the paper's is 0.0625)", c.SKRatio)
	}
	return nil
}

// String is the usual name: "ResNet-50 2x SK".
func (c Config) String() string {
	s := fmt.Sprintf("ResNet-%d %gx", c.Depth, c.Width)
	if c.SKRatio > 0 {
		s += " SK"
	}
	return s
}

// channels scales a channel count by the width, to the nearest, at least 1.
func (c Config) channels(n int) int {
	return max(1, int(math.Round(float64(n)*c.Width)))
}

// Features is the length of the encoder's output.
func (c Config) Features() int {
	if layouts[c.Depth].bottleneck {
		return 4 * c.channels(512)
	}
	return c.channels(512)
}

// Declaration returns the encoder's variables and its cost for square images.
func (c Config) Declaration(imageSize int) nn.Declaration {
	return nn.Declare(func(b *nn.Builder) {
		c.Encode(b, nn.Map{Dims: []int{imageSize, imageSize, 3}})
	})
}

// Params is the number of trainable values of the encoder (the image's size
// matters little: it chooses the stem; this is the one for large images).
func (c Config) Params() int64 { return c.Declaration(224).Params() }

// FLOPs is the work of one forward pass over one image: two operations for each
// multiply-add of convolutions and dense layers. A training step costs three
// times as much.
func (c Config) FLOPs(imageSize int) int64 { return c.Declaration(imageSize).FLOPs }

// Endpoints are the feature maps inside an encoder that tests and probes look at.
type Endpoints struct {
	InitialConv nn.Map // the stem's last convolution, before its normalisation
	Stem        nn.Map // after normalisation, ReLU and pooling
	Groups      [4]nn.Map
}

// Encode builds the encoder under the scope "base_model": images [B, H, W, 3]
// in [0, 1] -> features [B, Features()].
func (c Config) Encode(b *nn.Builder, images nn.Map) nn.Map {
	h, _ := c.EncodeEndpoints(b, images)
	return h
}

// Parts is how many parts a builder can freeze of an encoder ([nn.Builder.Freeze]):
// the stem, then the four groups of blocks.
const Parts = 5

// EncodeEndpoints is Encode that also returns what lies on the way.
func (c Config) EncodeEndpoints(b *nn.Builder, images nn.Map) (h nn.Map, e Endpoints) {
	l := layouts[c.Depth]
	b.Scope("base_model", func() {
		x := c.stem(b, b.Enter(images), &e)
		for group, blocks := range l.blocks {
			filters := c.channels(64 << group)
			x = b.Enter(x)
			for i := range blocks {
				stride := 1
				if i == 0 && group > 0 {
					stride = 2
				}
				x = b.Block(x)
				if l.bottleneck {
					x = c.bottleneck(b, x, filters, stride, i == 0)
				} else {
					x = c.basic(b, x, filters, stride, i == 0)
				}
			}
			e.Groups[group] = x
		}
		h = b.Enter(b.GlobalPool(b.EndBlocks(x)))
	})
	if h.Node != nil {
		h.Node.AssertDims(images.Node.Shape().Dim(0), c.Features())
	}
	return h, e
}

func (c Config) stem(b *nn.Builder, x nn.Map, e *Endpoints) nn.Map {
	small := max(x.Dims[0], x.Dims[1]) <= CIFARSize
	switch {
	case small:
		x = b.Conv(x, c.channels(64), 3, 1)
	case c.SKRatio > 0:
		x = b.BatchNorm(b.Conv(x, c.channels(32), 3, 2), nn.Norm{})
		x = b.BatchNorm(b.Conv(x, c.channels(32), 3, 1), nn.Norm{})
		x = b.Conv(x, c.channels(64), 3, 1)
	default:
		x = b.Conv(x, c.channels(64), 7, 2)
	}
	e.InitialConv = x
	x = b.BatchNorm(x, nn.Norm{})
	if !small {
		x = b.MaxPool(x)
	}
	e.Stem = x
	return x
}

// shortcut is the projection around the first block of a group.
func (c Config) shortcut(b *nn.Builder, x nn.Map, filters, stride int) nn.Map {
	if c.SKRatio > 0 {
		x, stride = b.AveragePool(x, stride), 1
	}
	return b.BatchNorm(b.Conv(x, filters, 1, stride), nn.Norm{Linear: true})
}

// basic is the block of the shallow networks: two 3x3 convolutions.
func (c Config) basic(b *nn.Builder, x nn.Map, filters, stride int, project bool) nn.Map {
	around := x
	if project {
		around = c.shortcut(b, x, filters, stride)
	}
	x = b.BatchNorm(b.Conv(x, filters, 3, stride), nn.Norm{})
	x = b.BatchNorm(b.Conv(x, filters, 3, 1), nn.Norm{ZeroGamma: true, Linear: true})
	return b.AddReLU(x, around)
}

// bottleneck is the block of the deep networks: 1x1, 3x3 (or SK), 1x1 to four
// times the filters.
func (c Config) bottleneck(b *nn.Builder, x nn.Map, filters, stride int, project bool) nn.Map {
	around := x
	if project {
		around = c.shortcut(b, x, 4*filters, stride)
	}
	x = b.BatchNorm(b.Conv(x, filters, 1, 1), nn.Norm{})
	if c.SKRatio > 0 {
		x = b.SelectiveKernels(x, filters, stride, c.SKRatio)
	} else {
		x = b.BatchNorm(b.Conv(x, filters, 3, stride), nn.Norm{})
	}
	x = b.BatchNorm(b.Conv(x, 4*filters, 1, 1), nn.Norm{ZeroGamma: true, Linear: true})
	return b.AddReLU(x, around)
}

// Blocks is how many blocks each of the four groups has, and whether they are
// bottlenecks: for those who write the network in another language.
func (c Config) Blocks() (groups [4]int, bottleneck bool) {
	l := layouts[c.Depth]
	return l.blocks, l.bottleneck
}
