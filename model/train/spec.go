// Package train is the training loop: a Trainer fits a network to batches, a
// Predictor applies what came out. Both run on any GoMLX backend.
//
//	t, err := train.New(backend, spec)
//	err = t.InitRandom()              // or InitFrom, or Resume
//	err = t.Fit(ctx, data, train.Hooks{Step: report})
//	c, err := t.Checkpoint()
//	p, err := train.NewPredictor(backend, c, 64)
//	logits, features, err := p.Predict(images)
//
// Data is a pure function of the step, and weights start from the seed alone:
// a training that was cut off and resumed from a checkpoint ends bit for bit
// where an uninterrupted one does, on the same backend.
package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/retort-ml/retort/model/head"
	"github.com/retort-ml/retort/model/loss"
	"github.com/retort-ml/retort/model/nn"
	"github.com/retort-ml/retort/model/optim"
	"github.com/retort-ml/retort/model/resnet"
)

// Task is what a network is trained for.
type Task string

// The tasks.
const (
	Contrast   Task = "contrast"   // NT-Xent over pairs of views, with an online linear probe when there are labels
	Supervised Task = "supervised" // cross entropy; the whole network is trained
	Linear     Task = "linear"     // cross entropy; the supervised head alone is trained, everything else is frozen
	Distill    Task = "distill"    // a teacher's logits, and labels where there are any
)

// Tasks are the tasks there are.
func Tasks() []Task { return []Task{Contrast, Supervised, Linear, Distill} }

// Spec is everything that decides how a training goes, except its data. It is
// stored in every checkpoint as JSON.
type Spec struct {
	Arch      resnet.Config `json:"arch"`
	ImageSize int           `json:"image_size"` // pixels a side
	// Classes counts the supervised head's outputs. 0 is for Contrast only: no
	// online probe.
	Classes int  `json:"classes"`
	Task    Task `json:"task"`
	// HeadLayers and HeadDim shape the projection head. Selector is the level
	// that the supervised head sits on: 0 is the encoder's output, 1 the first
	// head layer's. Tasks other than Contrast keep Selector layers of the head.
	HeadLayers int `json:"head_layers"`
	HeadDim    int `json:"head_dim"`
	Selector   int `json:"selector"`
	// FreezeHead leaves the kept layers of the projection head untrained, as the
	// TF1 reference does (the paper trains them).
	FreezeHead bool `json:"freeze_head,omitempty"`
	// Temperature of NT-Xent (Contrast) or of the softmaxes (Distill).
	Temperature       float64        `json:"temperature,omitempty"`
	Alpha             float64        `json:"alpha,omitempty"` // Distill: the teacher's weight; 1 ignores labels
	ScaleByTauSquared bool           `json:"scale_by_tau_squared,omitempty"`
	Optimizer         optim.Config   `json:"optimizer"`
	Schedule          optim.Schedule `json:"schedule"`
	Batch             int            `json:"batch"` // images a step; pairs for Contrast
	Steps             int            `json:"steps"`
	Seed              uint64         `json:"seed"`
}

// Validate says what is wrong with a specification: all of it, one line each.
func (s Spec) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("train: "+format, args...)) }
	if !slices.Contains(Tasks(), s.Task) {
		bad("task = %q; want one of %v", s.Task, Tasks())
	}
	if s.ImageSize < 4 || s.ImageSize > 4096 {
		bad("image_size = %d; want 4 to 4096 pixels", s.ImageSize)
	}
	if s.Classes < 2 && !(s.Task == Contrast && s.Classes == 0) {
		bad("classes = %d; want at least 2 (labels of a single class teach nothing)", s.Classes)
	}
	if s.Selector < 0 || s.Selector > s.HeadLayers {
		bad("selector = %d; want 0 (the encoder's output) to head_layers = %d", s.Selector, s.HeadLayers)
	}
	if s.Batch < 2 && s.Task != Linear || s.Batch < 1 {
		bad("batch = %d; want at least 2 (batch normalisation and contrast need company)", s.Batch)
	}
	if s.Steps < 1 {
		bad("steps = %d; want at least 1 (epochs * images / batch came out too small?)", s.Steps)
	}
	s.validateLoss(bad)
	for _, err := range []error{s.Arch.Validate(), s.projection().Validate(), s.Optimizer.Validate(), s.Schedule.Validate(s.Steps)} {
		if err != nil {
			errs = append(errs, fmt.Errorf("train: %w", err))
		}
	}
	return errors.Join(errs...)
}

func (s Spec) validateLoss(bad func(string, ...any)) {
	if (s.Task == Contrast || s.Task == Distill) && !(s.Temperature > 0) {
		bad("temperature = %v; want > 0 (contrast: 0.1, small batches 0.2, CIFAR-10 0.5; distillation: 0.1 or 1)", s.Temperature)
	}
	if s.Task == Distill && !(s.Alpha > 0 && s.Alpha <= 1) {
		bad("alpha = %v; want more than 0, at most 1 (1: the teacher alone; labels alone are the task %q)", s.Alpha, Supervised)
	}
}

func (s Spec) projection() head.Projection {
	return head.Projection{Layers: s.HeadLayers, Dim: s.HeadDim}
}

func (s Spec) distillation() loss.Distillation {
	return loss.Distillation{Temperature: s.Temperature, Alpha: s.Alpha, TauSquared: s.ScaleByTauSquared}
}

// rows is the number of images in a step.
func (s Spec) rows() int {
	if s.Task == Contrast {
		return 2 * s.Batch
	}
	return s.Batch
}

// outputs are the ends of a network; those that a task lacks have no node.
type outputs struct {
	features   nn.Map // the encoder's [B, F]
	projection nn.Map // the head's last level: what the contrastive loss is taken on
	logits     nn.Map // [B, Classes]
}

// network builds the whole network for images [B, H, W, 3] in [0, 1].
func (s Spec) network(b *nn.Builder, images nn.Map) outputs {
	if s.Task == Linear {
		b.Inference()
	}
	o := outputs{features: s.Arch.Encode(b, images)}
	keep := s.Selector
	if s.Task == Contrast {
		keep = s.HeadLayers
	}
	levels := s.projection().Project(b, o.features, keep)
	o.projection = levels[len(levels)-1]
	if s.Classes > 0 {
		in := levels[s.Selector]
		if s.Task == Contrast && in.Node != nil {
			in.Node = stopGradient(in.Node) // the probe only watches
		}
		o.logits = head.Supervised(b, in, s.Classes, false)
	}
	return o
}

// Declaration lists the network's variables and its cost.
func (s Spec) Declaration() nn.Declaration {
	return nn.Declare(func(b *nn.Builder) {
		s.network(b, nn.Map{Dims: []int{s.ImageSize, s.ImageSize, 3}})
	})
}

// Params is the number of trainable values of the whole network.
func (s Spec) Params() int64 { return s.Declaration().Params() }

// StepFLOPs estimates the work of one step: forward, and twice that backward
// (nothing backward through a frozen encoder).
func (s Spec) StepFLOPs() int64 {
	forward := s.Declaration().FLOPs * int64(s.rows())
	if s.Task == Linear {
		return forward
	}
	return 3 * forward
}

// trains says whether the task's optimiser changes a variable.
func (s Spec) trains(v nn.Variable) bool {
	switch {
	case !v.Trainable():
		return false
	case s.Task == Linear:
		return supervised(v.Name)
	case s.Task != Contrast && s.FreezeHead:
		return !strings.HasPrefix(v.Name, "head_contrastive/")
	}
	return true
}

func supervised(name string) bool { return strings.HasPrefix(name, head.SupervisedScope+"/") }

// parseSpec reads the specification that a checkpoint was trained with.
func parseSpec(raw json.RawMessage) (Spec, error) {
	var s Spec
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, fmt.Errorf("train: the checkpoint's specification does not parse: %w", err)
	}
	if err := s.Validate(); err != nil {
		return s, fmt.Errorf("train: the checkpoint's specification is not valid: %w", err)
	}
	return s, nil
}
