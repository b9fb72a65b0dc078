package export

import (
	"fmt"
	"strings"

	"github.com/retort-ml/retort/model/resnet"
)

// input writes what comes before the encoder: images become float [batch, 3,
// size, size] in 0 to 1.
func (g *onnxGraph) input(kind string) (string, error) {
	const name = "images"
	size := g.spec.ImageSize
	switch kind {
	case Float:
		g.inputs = append(g.inputs, valueInfo(name, typeFloat, "batch", 3, size, size))
		return name, nil
	case UInt8:
		g.inputs = append(g.inputs, valueInfo(name, typeUInt8, "batch", size, size, 3))
		return g.unit(g.channelsFirst(name)), nil
	case Photo:
		g.inputs = append(g.inputs, valueInfo(name, typeUInt8, "batch", "height", "width", 3))
		return g.unit(g.photo(g.channelsFirst(name), size)), nil
	}
	return "", fmt.Errorf("export: the input is %q; want one of %s", kind, strings.Join(Inputs, ", "))
}

func (g *onnxGraph) channelsFirst(x string) string {
	x = g.op("Cast", []string{x}, attribute("to", typeFloat))
	return g.op("Transpose", []string{x}, attribute("perm", []int{0, 3, 1, 2}))
}

// unit multiplies by float32(1/255), as the reference does.
func (g *onnxGraph) unit(x string) string {
	return g.op("Mul", []string{x, g.floats("one_255th", []float32{float32(1) / 255})})
}

// cropShare is the share of the shorter side that evaluation looks at.
const cropShare = 0.875

// photo crops the middle of photos and scales it, bicubically, to size: what
// evaluation does, in values of 0 to 255. Small sizes are scaled from the whole.
func (g *onnxGraph) photo(x string, size int) string {
	if size > resnet.CIFARSize {
		x = g.crop(x)
	}
	count := g.op("Shape", []string{x}, attribute("start", 0), attribute("end", 1))
	target := g.op("Concat", []string{count, g.ints("scaled", 3, int64(size), int64(size))}, attribute("axis", 0))
	x = g.op("Resize", []string{x, "", "", target}, attribute("mode", "cubic"), attribute("cubic_coeff_a", -0.5),
		attribute("coordinate_transformation_mode", "half_pixel"), attribute("exclude_outside", 1))
	x = g.op("Clip", []string{x, g.floats("black", []float32{0}), g.floats("white", []float32{255})})
	return g.op("Round", []string{x}) // to pixels, as they are read elsewhere
}

// crop cuts the middle square out whose side is a share of the shorter side's.
func (g *onnxGraph) crop(x string) string {
	sides := g.op("Shape", []string{x}, attribute("start", 2))
	least := g.op("ReduceMin", []string{g.op("Cast", []string{sides}, attribute("to", typeFloat))}, attribute("axes", []int{0}), attribute("keepdims", 1))
	side := g.op("Round", []string{g.op("Mul", []string{least, g.floats("crop_share", []float32{cropShare})})})
	side = g.op("Cast", []string{side}, attribute("to", typeInt64))
	start := g.op("Div", []string{g.op("Add", []string{g.op("Sub", []string{sides, side}), g.ints("one", 1)}), g.ints("two", 2)})
	return g.op("Slice", []string{x, start, g.op("Add", []string{start, side}), g.ints("height_and_width", 2, 3)})
}
