package training

import (
	"strings"

	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/pipelines"
)

// Wants is what a training asks of its machine.
func (s Settings) Wants() pipelines.Wants { return WantsOf(s.Backend) }

// CanRun says what this machine lacks for the training.
func (s Settings) CanRun() error { return backend.Check(s.Backend) }

// WantsOf is what a stage asks of its machine that computes by a backend: a GPU
// where the backend uses one, cores where it does not.
func WantsOf(computes string) pipelines.Wants {
	switch name, _, _ := strings.Cut(computes, ","); name {
	case "", backend.Auto:
		return pipelines.Wants{Cores: pipelines.SomeCores, Accelerator: pipelines.Useful}
	case "xla:cuda":
		return pipelines.Wants{Cores: pipelines.SomeCores, Accelerator: pipelines.Needed}
	}
	return pipelines.Wants{Cores: pipelines.SomeCores}
}
