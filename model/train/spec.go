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
	"strings"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/retort-ml/retort/model/head"
	"github.com/retort-ml/retort/model/nn"
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/model/optim"
	"github.com/retort-ml/retort/model/resnet"
)

// Spec is everything that decides how a training goes, except its data. It is
// stored in every checkpoint as JSON.
type Spec struct {
	Arch      resnet.Config `json:"arch"`
	ImageSize int           `json:"image_size"` // pixels a side
	// Classes counts the supervised head's outputs. 0 is for objectives without a
	// classifier: no online probe.
	Classes   int            `json:"classes"`
	Objective objective.Name `json:"task"`
	// HeadLayers and HeadDim shape the projection head. Selector is the level
	// that the supervised head sits on: 0 is the encoder's output, 1 the first
	// head layer's. Objectives that need no projection keep Selector layers of the
	// head.
	HeadLayers int `json:"head_layers"`
	HeadDim    int `json:"head_dim"`
	Selector   int `json:"selector"`
	// FreezeHead leaves the kept layers of the projection head untrained, as the
	// TF1 reference does (the paper trains them).
	FreezeHead bool `json:"freeze_head,omitempty"`
	// Freeze leaves the first parts of the encoder as they are, with their moving
	// statistics: 1 the stem, 2 to 5 also the first 1 to 4 groups of blocks. It is the
	// reference's fine_tune_after_block, plus 1.
	Freeze int `json:"freeze,omitempty"`
	// Average is the decay of the weights' averages over the steps, which are the
	// network that comes out ([Averaged]); 0 is none.
	Average float64 `json:"average,omitempty"`
	// Settings that objectives share ([objective.Common]): the temperature of
	// NT-Xent or of distillation's softmaxes, the teacher's weight, …
	Temperature       float64 `json:"temperature,omitempty"`
	Alpha             float64 `json:"alpha,omitempty"`
	ScaleByTauSquared bool    `json:"scale_by_tau_squared,omitempty"`
	// ObjectiveSettings are the objective's own, as a [objective.Choice] has them.
	ObjectiveSettings json.RawMessage `json:"objective,omitempty"`
	Optimizer         optim.Config    `json:"optimizer"`
	Schedule          optim.Schedule  `json:"schedule"`
	Batch             int             `json:"batch"` // images a step, each in as many views as the objective needs
	Steps             int             `json:"steps"`
	// Chunk, where it is above 0, is how many of the batch's images the network sees
	// at once. The loss is over the whole batch all the same, and its gradient is
	// exact; but batch normalisation takes its statistics over a chunk. Moving
	// statistics move once a step, to the mean over the chunks of what each would
	// make of them. It divides Batch. The network is computed forwards once more.
	Chunk int    `json:"chunk,omitempty"`
	Seed  uint64 `json:"seed"`
}

// Choose makes an objective, with its settings, that of the training.
func (s *Spec) Choose(c objective.Choice) {
	s.Objective, s.ObjectiveSettings = c.Name, c.Settings
}

// Validate says what is wrong with a specification: all of it, one line each.
func (s Spec) Validate() error {
	t, err := s.resolve()
	errs := []error{err}
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if t.needs.Classifier && s.Classes == 0 {
		bad("classes = 0; want at least 2 (the objective %q trains a classifier)", s.Objective)
	}
	if s.Batch < 2 && !t.needs.HeadOnly || s.Batch < 1 {
		bad("batch = %d; want at least 2 (batch normalisation and contrast need company)", s.Batch)
	}
	switch {
	case s.Chunk < 0 || s.Chunk == 1:
		bad("chunk = %d; want 0 (the whole batch) or at least 2 (batch normalisation needs company)", s.Chunk)
	case s.Chunk > 0 && s.Batch%s.Chunk != 0:
		bad("batch = %d does not divide by chunk = %d; want a divisor%s", s.Batch, s.Chunk, divisor(s.Batch, s.Chunk))
	}
	if s.Steps < 1 {
		bad("steps = %d; want at least 1 (epochs * images / batch came out too small?)", s.Steps)
	}
	if s.Freeze < 0 || s.Freeze > resnet.Parts {
		bad("freeze = %d; want 0 (nothing) to %d (the whole encoder)", s.Freeze, resnet.Parts)
	}
	errs = append(errs, t.validateCarried()...)
	return errors.Join(append(errs, s.validateNetwork(), s.Optimizer.Validate(), s.Schedule.Validate(s.Steps))...)
}

// divisor suggests the largest divisor of a batch below chunk, if there is one above 1.
func divisor(batch, chunk int) string {
	for d := min(chunk, batch); d > 1; d-- {
		if batch%d == 0 {
			return fmt.Sprintf(", such as %d", d)
		}
	}
	return ", or 0"
}

// validateNetwork says what is wrong with the network: what the training was for
// does not matter to those who use what came out.
func (s Spec) validateNetwork() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if s.ImageSize < 4 || s.ImageSize > 4096 {
		bad("image_size = %d; want 4 to 4096 pixels", s.ImageSize)
	}
	if s.Classes < 0 || s.Classes == 1 {
		bad("classes = %d; want at least 2 (labels of a single class teach nothing)", s.Classes)
	}
	if s.Selector < 0 || s.Selector > s.HeadLayers {
		bad("selector = %d; want 0 (the encoder's output) to head_layers = %d", s.Selector, s.HeadLayers)
	}
	return errors.Join(append(errs, s.Arch.Validate(), s.projection().Validate())...)
}

func (s Spec) projection() head.Projection {
	return head.Projection{Layers: s.HeadLayers, Dim: s.HeadDim}
}

// outputs are the ends of a network; those that a task lacks have no node.
type outputs struct {
	features   nn.Map // the encoder's [B, F]
	projection nn.Map // the head's last level: what the contrastive loss is taken on
	logits     nn.Map // [B, Classes]
}

// network builds encoder, keep layers of the projection head, and the supervised
// head, for images [B, H, W, 3] in [0, 1]. A head that only watches lets no
// gradient through.
func (s Spec) network(b *nn.Builder, images nn.Map, keep int, watches bool) outputs {
	o := outputs{features: s.Arch.Encode(b, images)}
	levels := s.projection().Project(b, o.features, keep)
	o.projection = levels[len(levels)-1]
	if s.Classes > 0 {
		in := levels[s.Selector]
		if watches && in.Node != nil {
			in.Node = graph.StopGradient(in.Node)
		}
		o.logits = head.Supervised(b, in, s.Classes, false)
	}
	return o
}

// Declaration lists the network's variables and its cost, as it is trained.
func (s Spec) Declaration() nn.Declaration {
	t, _ := s.resolve() // an objective that is not known has no needs
	return nn.Declare(func(b *nn.Builder) { t.build(b, s.declared()) })
}

// declared stands for images while a network is only declared.
func (s Spec) declared() nn.Map { return nn.Map{Dims: []int{s.ImageSize, s.ImageSize, 3}} }

// Params is the number of trainable values of the whole network.
func (s Spec) Params() int64 { return s.Declaration().Params() }

// StepFLOPs estimates the work of one step: forward, and twice that backward
// (nothing backward through a frozen encoder).
func (s Spec) StepFLOPs() int64 {
	t, _ := s.resolve()
	forward := s.Declaration().FLOPs * int64(t.rows())
	if t.needs.HeadOnly {
		return forward
	}
	return 3 * forward
}

func supervised(name string) bool { return strings.HasPrefix(name, head.SupervisedScope+"/") }

// parseSpec reads the specification that a checkpoint was trained with.
func parseSpec(raw json.RawMessage) (Spec, error) {
	var s Spec
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, fmt.Errorf("train: the checkpoint's specification does not parse: %w", err)
	}
	if err := s.validateNetwork(); err != nil {
		return s, fmt.Errorf("train: the checkpoint's specification is not valid: %w", err)
	}
	return s, nil
}
