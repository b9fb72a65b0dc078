package tfcheckpoint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/retort-ml/retort/model/nn"
	"github.com/retort-ml/retort/model/resnet"
)

const (
	encoderScope = "base_model/"
	largeSize    = 224 // of images, with the stem that pools
	paperSKRatio = 0.0625
)

// recognise finds the encoder whose variables have just these names and shapes,
// and the size of images that suits its stem.
func recognise(shapes map[string][]int) (resnet.Config, int, error) {
	var nearest string
	least := -1
	for _, c := range candidates(shapes) {
		for _, size := range []int{largeSize, resnet.CIFARSize} {
			d := differences(c.Declaration(size).Variables, shapes)
			if len(d) == 0 {
				return c, size, nil
			}
			if least < 0 || len(d) < least {
				least, nearest = len(d), fmt.Sprintf("it comes nearest to %s, but %s", c, d[0])
			}
		}
	}
	if nearest == "" {
		nearest = "it has no convolutions named " + encoderScope + "conv2d/kernel and so on"
	}
	return resnet.Config{}, 0, fmt.Errorf("its encoder is none that this program knows: %s", nearest)
}

// candidates are the encoders that have as many features.
func candidates(shapes map[string][]int) (all []resnet.Config) {
	last := lastConvolutions(shapes)
	if len(last) < 3 {
		return nil
	}
	features := last[0][3]
	for _, depth := range resnet.Depths() {
		unit := resnet.Config{Depth: depth, Width: 1}
		width := float64(features) / float64(unit.Features())
		// The third from the end squeezes, where there are selective kernels: its
		// width is the ratio, or the least there is.
		squeezed := float64(last[2][3]) / (512 * width)
		for _, ratio := range []float64{0, paperSKRatio, squeezed} {
			c := resnet.Config{Depth: depth, Width: width, SKRatio: ratio}
			if c.Validate() == nil && c.Features() == features && !slices.Contains(all, c) {
				all = append(all, c)
			}
		}
	}
	return all
}

// lastConvolutions are the shapes of the encoder's convolutions, the last first.
func lastConvolutions(shapes map[string][]int) (all [][]int) {
	name := encoderScope + "conv2d/kernel"
	for i := 1; len(shapes[name]) == 4; i++ {
		all = append(all, shapes[name])
		name = fmt.Sprintf("%sconv2d_%d/kernel", encoderScope, i)
	}
	slices.Reverse(all)
	return all
}

// differences says in what the encoder of the shapes is not that of the variables.
func differences(want []nn.Variable, shapes map[string][]int) (all []string) {
	known := map[string]bool{}
	for _, v := range want {
		known[v.Name] = true
		if have, ok := shapes[v.Name]; !ok {
			all = append(all, fmt.Sprintf("%s is missing", v))
		} else if !slices.Equal(have, v.Shape) {
			all = append(all, fmt.Sprintf("%s has shape %v, not %v", v.Name, have, v.Shape))
		}
	}
	var more []string
	for name := range shapes {
		if strings.HasPrefix(name, encoderScope) && !known[name] {
			more = append(more, fmt.Sprintf("%s%v is one more", name, shapes[name]))
		}
	}
	slices.Sort(more)
	return append(all, more...)
}
