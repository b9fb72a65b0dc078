// Package tfcheckpoint makes checkpoints of this program out of those that the
// reference implementation of SimCLR and SimCLRv2 saves, the released ones among
// them: TF1's, TF2's and SavedModels'.
//
//	c, told, err := tfcheckpoint.Import("r50_1x_sk1/model.ckpt-250228", tfcheckpoint.Options{})
//
// The variables are the same; their names are TF1's, and those of TF2 are mapped
// to them. The architecture is recognised by the variables' shapes.
package tfcheckpoint

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/checkpoint/tensorbundle"
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/model/train"
)

// Options say what of a checkpoint is wanted.
type Options struct {
	// EMA takes the moving averages of the weights in place of the weights.
	EMA bool
	// Classifier keeps the supervised head, which sits on level Selector of the
	// projection head; the checkpoint itself does not say which that is. The paper
	// fine-tunes on level 1; in a pretraining's checkpoint the head only watched, on
	// level 0.
	Classifier bool
	Selector   int
	// Classes are the names of the classifier's outputs; none: their numbers.
	Classes []string
	// ImageSize is the side of the images in pixels, 0: what suits the stem.
	ImageSize int
}

// Told is what an import has to tell.
type Told struct {
	Spec    train.Spec
	Source  string   // path of the bundle
	Outputs int      // of the supervised head that the checkpoint has; 0: it has none
	Left    []string // names of what was not taken over: optimisers' slots, counters, …
}

// Import reads the checkpoint at path (see [tensorbundle.Find]).
func Import(path string, o Options) (*checkpoint.Checkpoint, *Told, error) {
	b, err := tensorbundle.Open(path)
	if err != nil {
		return nil, nil, err
	}
	n, err := named(b, o.EMA)
	if err != nil {
		return nil, nil, err
	}
	spec, outputs, err := n.spec(o)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", b.Prefix(), err)
	}
	c := &checkpoint.Checkpoint{State: checkpoint.State{Step: n.step, Meta: map[string]string{"imported": filepath.Base(b.Prefix())}}}
	if c.Spec, err = json.Marshal(spec); err != nil {
		return nil, nil, err
	}
	if o.Classifier {
		c.Classes = classNames(o.Classes, outputs)
	}
	told := &Told{Spec: spec, Source: b.Prefix(), Outputs: outputs}
	for _, v := range spec.Declaration().Variables {
		t, err := n.tensor(v.Name, v.Shape)
		if err != nil {
			return nil, nil, err
		}
		c.Weights = append(c.Weights, t)
	}
	told.Left = n.left(c.Weights)
	return c, told, nil
}

func classNames(names []string, n int) []string {
	if len(names) > 0 {
		return slices.Clone(names)
	}
	for i := range n {
		names = append(names, fmt.Sprint(i))
	}
	return names
}

// spec is the specification of a network of these variables. What a training of
// it was like the checkpoint does not say.
func (n *names) spec(o Options) (s train.Spec, outputs int, err error) {
	s = train.Spec{Objective: objective.NTXent, Temperature: paperTemperature}
	if s.Arch, s.ImageSize, err = recognise(n.shapes()); err != nil {
		return s, 0, err
	}
	if o.ImageSize != 0 {
		s.ImageSize = o.ImageSize
	}
	for n.has(fmt.Sprintf("head_contrastive/nl_%d/dense/kernel", s.HeadLayers), 2) {
		s.HeadDim = n.key(fmt.Sprintf("head_contrastive/nl_%d/dense/kernel", s.HeadLayers)).Shape[1]
		s.HeadLayers++
	}
	const head = "head_supervised/linear_layer/dense/kernel"
	if n.has(head, 2) {
		outputs = n.key(head).Shape[1]
	}
	if !o.Classifier {
		return s, outputs, nil
	}
	switch {
	case outputs == 0:
		return s, 0, fmt.Errorf("it has no supervised head: it is no classifier")
	case len(o.Classes) > 0 && len(o.Classes) != outputs:
		return s, 0, fmt.Errorf("its supervised head has %d outputs, %d classes are named", outputs, len(o.Classes))
	case o.Selector < 0 || o.Selector > s.HeadLayers:
		return s, 0, fmt.Errorf("its projection head has %d layers, the supervised head cannot sit on level %d", s.HeadLayers, o.Selector)
	}
	s.Objective, s.Temperature, s.Classes, s.Selector = objective.Supervised, 0, outputs, o.Selector
	return s, outputs, nil
}

// paperTemperature is that of the paper's pretraining: a specification has one.
const paperTemperature = 0.1

// tensor reads a variable, which must have the shape.
func (n *names) tensor(name string, shape []int) (checkpoint.Tensor, error) {
	e := n.key(name)
	t := checkpoint.Tensor{Name: name, Shape: slices.Clone(shape)}
	switch {
	case e == nil && n.ema:
		return t, fmt.Errorf("%s: there is no moving average of %s%v (leave it at the weights themselves, without --ema)", n.bundle.Prefix(), name, shape)
	case e == nil:
		return t, fmt.Errorf("%s: there is no variable %s%v", n.bundle.Prefix(), name, shape)
	case !slices.Equal(e.Shape, shape):
		return t, fmt.Errorf("%s: variable %s (%s) has shape %v, the network wants %v", n.bundle.Prefix(), name, e.Name, e.Shape, shape)
	}
	var err error
	if t.Data, err = n.bundle.Floats(e.Name); err != nil {
		return t, err
	}
	for i, v := range t.Data {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return t, fmt.Errorf("%s: variable %s: value %d is %v: the training that left it had failed", n.bundle.Prefix(), name, i, v)
		}
	}
	return t, nil
}
