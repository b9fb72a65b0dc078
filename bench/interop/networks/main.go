// Command networks writes exported networks and what the engine computes of them,
// for other programs to compare with:
//
//	networks DIR    NAME.{uint8,float,photo}.onnx, NAME.safetensors, networks.json
package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/retort-ml/retort/internal/atomicfile"
	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/export"
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/model/resnet"
	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/transforms/views/augment"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: networks DIR")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// The size of the photos that networks see whole.
const photoWidth, photoHeight = 317, 241

// computed is what a network makes of images; values are little-endian.
type computed struct {
	Pixels   []byte // uint8 [n, size, size, 3]
	Features []byte // float32 [n, …]
	Logits   []byte // of a classifier: float32 [n, classes]
}

type entry struct {
	Name         string
	Size, Images int
	Torchvision  bool
	Own, Photo   computed // of small images; of photos, whose pixels are [n, photoHeight, photoWidth, 3]
	PhotoShape   [2]int
}

func write(dir string) error {
	var all []entry
	for name, s := range map[string]train.Spec{
		"cifar-resnet18":       {Arch: resnet.Config{Depth: 18, Width: 1}, ImageSize: 32, Classes: 10, Selector: 1},
		"resnet50":             {Arch: resnet.Config{Depth: 50, Width: 1}, ImageSize: 96},
		"resnet34-classifier":  {Arch: resnet.Config{Depth: 34, Width: 0.25}, ImageSize: 65, Classes: 7},
		"resnet50-sk":          {Arch: resnet.Config{Depth: 50, Width: 0.25, SKRatio: 0.0625}, ImageSize: 75, Classes: 5, Selector: 2},
		"cifar-resnet50-2x-sk": {Arch: resnet.Config{Depth: 50, Width: 0.5, SKRatio: 0.0625}, ImageSize: 31},
	} {
		s.Objective, s.HeadLayers, s.HeadDim, s.Temperature = objective.NTXent, 3, 64, 0.1
		if s.Classes > 0 {
			s.Objective = objective.Supervised
		}
		e, err := one(dir, name, s)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, e)
	}
	return atomicfile.Write(filepath.Join(dir, "networks.json"), func(w io.Writer) error { return json.NewEncoder(w).Encode(all) })
}

func one(dir, name string, s train.Spec) (entry, error) {
	e := entry{Name: name, Size: s.ImageSize, Images: 3, PhotoShape: [2]int{photoHeight, photoWidth}, Torchvision: s.Arch.SKRatio == 0 && s.Arch.Width == 1}
	c, err := drawn(s)
	if err != nil {
		return e, err
	}
	for _, input := range export.Inputs {
		if err := atomicfile.Write(filepath.Join(dir, name+"."+input+".onnx"), func(w io.Writer) error { return export.ONNX(w, c, export.Options{Input: input}) }); err != nil {
			return e, err
		}
	}
	if e.Torchvision {
		if err := atomicfile.Write(filepath.Join(dir, name+".safetensors"), func(w io.Writer) error { return export.Torchvision(w, c) }); err != nil {
			return e, err
		}
	}
	choice, err := backend.New(backend.Auto)
	if err != nil {
		return e, err
	}
	p, err := train.NewPredictor(choice.Backend, c, e.Images)
	if err != nil {
		return e, err
	}
	e.Own.Pixels = picture(e.Images, s.ImageSize, s.ImageSize)
	if err := e.Own.compute(p, e.Own.Pixels); err != nil {
		return e, err
	}
	e.Photo.Pixels = picture(e.Images, photoWidth, photoHeight)
	var seen []byte
	cfg := augment.Eval(s.ImageSize)
	for i := range e.Images {
		pix := e.Photo.Pixels[i*3*photoWidth*photoHeight:][:3*photoWidth*photoHeight]
		dst := make([]byte, 3*s.ImageSize*s.ImageSize)
		recipe := augment.Draw(&cfg, photoWidth, photoHeight, augment.Key{})
		if err := augment.Render(dst, &cfg, augment.Image{Pix: pix, Width: photoWidth, Height: photoHeight}, recipe); err != nil {
			return e, err
		}
		seen = append(seen, dst...)
	}
	return e, e.Photo.compute(p, seen)
}

func (c *computed) compute(p *train.Predictor, pixels []byte) error {
	logits, features, err := p.Predict(pixels)
	c.Logits, c.Features = raw(logits), raw(features)
	return err
}

func raw(values []float32) []byte {
	b := []byte{}
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// picture draws n images of soft colours with some noise.
func picture(n, width, height int) []byte {
	rng := rand.New(rand.NewPCG(7, uint64(width)))
	var pix []byte
	for i := range n {
		for y := range height {
			for x := range width {
				for c := range 3 {
					v := 128 + 90*math.Sin(float64(x*(c+1))/17+float64(i))*math.Cos(float64(y)/23) + 8*rng.NormFloat64()
					pix = append(pix, byte(max(0, min(255, v))))
				}
			}
		}
	}
	return pix
}

// drawn is a network at random, with moving statistics that a training could leave.
func drawn(s train.Spec) (*checkpoint.Checkpoint, error) {
	spec, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	c := &checkpoint.Checkpoint{State: checkpoint.State{Spec: spec}}
	for i := range s.Classes {
		c.Classes = append(c.Classes, fmt.Sprint("class ", i))
	}
	for _, v := range s.Declaration().Variables {
		switch v.Kind {
		case "gamma", "moving_variance":
			v.Init.Mean, v.Init.StdDev, v.Init.Truncated = 1, 0.2, true
		case "beta", "moving_mean", "bias":
			v.Init.StdDev = 0.1
		}
		c.Weights = append(c.Weights, checkpoint.Tensor{Name: v.Name, Shape: v.Shape, Data: v.Draw(5)})
	}
	return c, nil
}
