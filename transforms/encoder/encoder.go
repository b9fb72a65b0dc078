// Package encoder is the stage that takes a pretrained network from a file, in
// place of pretraining one: a checkpoint that "retort checkpoint import" made, or
// that of another run.
package encoder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/resnet"
	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/training"
)

// Stage is the stage. [New] makes one that fits its file.
type Stage struct {
	// Path is the file. Another one with the same content gives the same artifact.
	Path string `fingerprint:"-"`
	// Size is the side in pixels of the images that the network is for from here on.
	// Its stem has to suit it.
	Size int
	// The network, as the file has it. Of a classifier's projection head it holds
	// KeptLayers alone; the last of HeadLayers is another one than those before it.
	Arch                resnet.Config
	HeadLayers, HeadDim int
	KeptLayers          int
}

func init() { pipelines.Register(&Stage{}) }

// New makes the stage for a file, of which it reads the header, and for images of
// a size.
func New(path string, size int) (*Stage, error) {
	h, err := checkpoint.Peek(path)
	if err != nil {
		return nil, err
	}
	var spec train.Spec
	if err := json.Unmarshal(h.Spec, &spec); err != nil {
		return nil, fmt.Errorf("%s: its specification does not parse: %w", path, err)
	}
	s := &Stage{Path: path, Size: size, Arch: spec.Arch, HeadLayers: spec.HeadLayers, HeadDim: spec.HeadDim}
	for s.KeptLayers < s.HeadLayers && h.Has(fmt.Sprintf("head_contrastive/nl_%d/dense/kernel", s.KeptLayers)) {
		s.KeptLayers++
	}
	if err := s.Arch.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, s.fits(h)
}

// fits says whether the stem is that for images of the size.
func (s *Stage) fits(h *checkpoint.Header) error {
	for _, v := range s.Arch.Declaration(s.Size).Variables {
		if h.Has(v.Name, v.Shape...) {
			continue
		}
		other, stem := resnet.CIFARSize+1, "more than 32 pixels"
		if s.Size > resnet.CIFARSize {
			other, stem = resnet.CIFARSize, "32 pixels and less"
		}
		first := s.Arch.Declaration(other).Variables[0]
		if h.Has(first.Name, first.Shape...) {
			return fmt.Errorf("%s: its network has the stem for images of %s, the images here have %d (set size)", s.Path, stem, s.Size)
		}
		return fmt.Errorf("%s: it is no checkpoint of a %s for images of %d pixels: it has no %s", s.Path, s.Arch, s.Size, v)
	}
	return nil
}

// Validate reports what is wrong with the config.
func (s *Stage) Validate() error {
	switch {
	case s.Path == "":
		return errors.New("Path is empty; want a checkpoint's file")
	case s.Size < 4 || s.Size > 4096:
		return fmt.Errorf("Size = %d; want 4 to 4096 pixels", s.Size)
	}
	return s.Arch.Validate()
}

// State is the content's fingerprint.
func (s *Stage) State(context.Context) (string, error) {
	h, err := checkpoint.Peek(s.Path)
	if err != nil {
		return "", err
	}
	return h.SHA256, nil
}

// Estimate says how large the network is and what it costs to apply.
func (s *Stage) Estimate(context.Context, pipelines.Known) pipelines.Estimate {
	d := s.Arch.Declaration(s.Size)
	return pipelines.Estimate{Bytes: 4 * d.Params(), ImageFLOPs: d.FLOPs}
}

// Run verifies the checkpoint and copies it, without what labels made of it.
func (s *Stage) Run(_ context.Context, _ pipelines.Artifact[pipelines.None], out *pipelines.Output[pipelines.Encoder]) error {
	c, err := checkpoint.Load(s.Path)
	if err != nil {
		return err
	}
	c = train.Averaged(c)
	c.Optimizer, c.Metrics = nil, nil
	if err := train.WithoutProbe(c); err != nil {
		return fmt.Errorf("%s: %w", s.Path, err)
	}
	var spec train.Spec
	if err := json.Unmarshal(c.Spec, &spec); err != nil {
		return fmt.Errorf("%s: %w", s.Path, err)
	}
	if spec.Arch != s.Arch || spec.HeadLayers != s.HeadLayers {
		return fmt.Errorf("%s: it holds a %s, not a %s: it was changed meanwhile (start again)", s.Path, spec.Arch, s.Arch)
	}
	spec.ImageSize, spec.Selector = s.Size, 0
	spec.Steps, spec.Batch = 0, 0 // nothing was trained here
	if c.Spec, err = json.Marshal(spec); err != nil {
		return err
	}
	if err := c.SaveIn(out, training.ModelName); err != nil {
		return err
	}
	if err := out.AddFile(training.ModelName, 0); err != nil {
		return err
	}
	return out.SetMeta(training.Meta{Spec: spec, Params: spec.Params()})
}

// Reads is the file.
func (s *Stage) Reads() []string { return []string{s.Path} }
