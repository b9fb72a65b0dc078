package export

import (
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/train"
)

// Inputs of an exported network.
const (
	UInt8 = "uint8" // pixels [batch, size, size, 3], 0 to 255
	Float = "float" // pixels [batch, 3, size, size], 0 to 1
	Photo = "photo" // photos [batch, height, width, 3], 0 to 255: cropped and scaled in the graph
)

// Inputs are all of them.
var Inputs = []string{UInt8, Float, Photo}

// Options say what an ONNX file is like.
type Options struct {
	Input string // of Inputs
}

// What files are written for: any runtime of the last years.
const (
	irVersion = 8
	opset     = 17
)

// ONNX writes the network of a checkpoint. Its input is "images"; its outputs are
// "features", the encoder's, and "logits" of a classifier or "projection" of an
// encoder with its whole projection head. The number of images is free. The
// metadata tell the classes, as JSON, where the network comes from, and the
// temperature that the logits are to be divided by for calibrated probabilities.
func ONNX(w io.Writer, c *checkpoint.Checkpoint, o Options) error {
	n, err := open(c)
	if err != nil {
		return err
	}
	if size := 4 * c.Params(); size > math.MaxInt32-(1<<20) {
		return fmt.Errorf("export: the network has %d bytes of weights; an ONNX file holds less than 2 GiB (export safetensors)", size)
	}
	g := &onnxGraph{network: n}
	if err := g.build(o); err != nil {
		return err
	}
	m := message{}.number(1, irVersion).text(2, "retort").inner(7, g.message())
	m = m.inner(8, message{}.text(1, "").number(2, opset))
	for _, p := range g.metadata(c, o) {
		m = m.inner(14, message{}.text(1, p[0]).text(2, p[1]))
	}
	_, err = w.Write(m)
	return err
}

func (g *onnxGraph) metadata(c *checkpoint.Checkpoint, o Options) [][2]string {
	of := map[string]string{
		UInt8: "uint8 RGB pixels, NHWC", Float: "float RGB pixels in 0 to 1, NCHW",
		Photo: "uint8 RGB photos of one size, NHWC: the middle 87.5 % is scaled in the graph",
	}
	all := [][2]string{{"architecture", g.spec.Arch.String()}, {"image_size", fmt.Sprint(g.spec.ImageSize)}, {"input", of[o.Input]}}
	if len(c.Classes) > 0 {
		classes, err := json.Marshal(c.Classes)
		if err == nil {
			all = append(all, [2]string{"classes", string(classes)})
		}
	}
	if t, ok := c.Meta[train.TemperatureKey]; ok {
		all = append(all, [2]string{"temperature", t})
	}
	if sum, err := c.Fingerprint(); err == nil {
		all = append(all, [2]string{"checkpoint_sha256", sum})
	}
	return all
}

// network is a checkpoint's, its weights by name.
type network struct {
	spec    train.Spec
	weights map[string]*checkpoint.Tensor
}

// open finds all weights that the network needs where it is applied.
func open(c *checkpoint.Checkpoint) (*network, error) {
	c = train.Averaged(c)
	n := &network{weights: map[string]*checkpoint.Tensor{}}
	if err := json.Unmarshal(c.Spec, &n.spec); err != nil {
		return nil, fmt.Errorf("export: the checkpoint's specification does not parse: %w", err)
	}
	if err := n.spec.Arch.Validate(); err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	for i := range c.Weights {
		n.weights[c.Weights[i].Name] = &c.Weights[i]
	}
	for _, v := range n.spec.Arch.Declaration(n.spec.ImageSize).Variables {
		if w := n.weights[v.Name]; w == nil || len(w.Data) != v.Size() {
			return nil, fmt.Errorf("export: the checkpoint lacks %s", v)
		}
	}
	return n, nil
}
