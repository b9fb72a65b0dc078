// Package training is what the stages that train share: the settings of an
// optimiser, data from views shards, checkpoints, resuming, curves.
package training

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/optim"
	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/pipelines"
)

// Settings is how a stage trains. Its fields are part of the stage's config.
type Settings struct {
	Epochs       int     // passes over the images, at least 1
	Batch        int     // images a step (pairs, for contrastive training)
	Optimizer    string  // lars, momentum or adam
	LearningRate float64 // base, before scaling by the batch
	Scaling      string  // linear, sqrt or fixed
	WarmupEpochs float64
	WeightDecay  float64
	// CheckpointEvery is how many steps lie between two checkpoints that an
	// interrupted training goes on from; 0 is DefaultCheckpointEvery.
	CheckpointEvery int `fingerprint:"-"`
	// Backend computes: auto, cpu, go, xla:cuda or xla:cpu.
	Backend string `fingerprint:"-"`
}

// DefaultCheckpointEvery is the default of Settings.CheckpointEvery.
const DefaultCheckpointEvery = 200

// Validate reports what is wrong with the settings.
func (s *Settings) Validate() error {
	switch {
	case s.Epochs < 1:
		return fmt.Errorf("Epochs = %d; want at least 1", s.Epochs)
	case s.Batch < 2:
		return fmt.Errorf("Batch = %d; want at least 2", s.Batch)
	case s.CheckpointEvery < 0:
		return fmt.Errorf("CheckpointEvery = %d; want at least 0", s.CheckpointEvery)
	case s.WarmupEpochs > float64(s.Epochs):
		return fmt.Errorf("WarmupEpochs = %g; want at most Epochs = %d", s.WarmupEpochs, s.Epochs)
	}
	return nil
}

// Fill sets the parts of spec that follow from the settings and the number of
// images n that an epoch has.
func (s *Settings) Fill(spec *train.Spec, n int64) {
	spec.Batch = s.Batch
	spec.Steps = optim.TotalSteps(s.Epochs, int(n), s.Batch)
	spec.Optimizer = optim.Config{Name: s.Optimizer, WeightDecay: s.WeightDecay}
	switch s.Optimizer {
	case optim.LARS:
		spec.Optimizer = optim.NewLARS(s.WeightDecay)
	case optim.Momentum:
		spec.Optimizer = optim.SGD(s.WeightDecay)
	}
	spec.Schedule = optim.Schedule{Base: s.LearningRate, Scaling: s.Scaling, WarmupSteps: optim.WarmupSteps(s.WarmupEpochs, int(n), s.Batch)}
}

// Meta is the kind-specific part of the manifest of a trained network.
type Meta struct {
	Spec    train.Spec `json:"spec"`
	Classes []string   `json:"classes"`
	Params  int64      `json:"params"`
	Images  int64      `json:"images"` // that an epoch has
}

// Names of the files of a trained network's artifact.
const (
	ModelName  = "model.safetensors"
	CurvesName = "metrics.jsonl"
	folderName = ".checkpoints"
)

// Run is one training: of Spec on Data, from where Start leaves the trainer.
type Run struct {
	Spec    train.Spec
	Data    train.Data
	Start   func(*train.Trainer) error // for a training that begins
	Classes []string
	Images  int64
	// Watch, if set, measures the network at Watches steps, evenly spread, the
	// last one among them: kNN accuracy, 0 to 1. It must not change the training.
	Watch func(*checkpoint.Checkpoint) (float64, error)
}

// Watches is how often Run.Watch looks at a training.
const Watches = 10

// watched says whether Watch looks after a step.
func (r *Run) watched(step int) bool {
	return r.Watch != nil && (step+1)*Watches/r.Spec.Steps > step*Watches/r.Spec.Steps
}

// Train trains and writes the artifact: the checkpoint and the curves. A
// training that was interrupted goes on from its last checkpoint; what it
// leaves is the same, byte for byte.
func Train(ctx context.Context, job *pipelines.Job, s *Settings, r Run) error {
	choice, err := backend.New(s.Backend)
	if err != nil {
		return err
	}
	t, err := train.New(choice.Backend, r.Spec)
	if err != nil {
		return err
	}
	folder := checkpoint.Folder{Dir: job.Path(folderName), Keep: 2}
	if err := os.MkdirAll(folder.Dir, 0o755); err != nil {
		return err
	}
	if err := begin(job, t, folder, r); err != nil {
		return err
	}
	curves, err := openCurves(job.Path(CurvesName+".part"), t.Step())
	if err != nil {
		return err
	}
	defer curves.Close()
	if err := fit(ctx, job, s, r, t, folder, curves); err != nil {
		return err
	}
	return finish(job, r, t, folder, curves)
}

// begin resumes from the last intact checkpoint, or starts anew.
func begin(job *pipelines.Job, t *train.Trainer, folder checkpoint.Folder, r Run) error {
	last, damaged, err := folder.Latest()
	if err != nil {
		return err
	}
	for _, d := range damaged {
		job.Message("passed over a damaged checkpoint: " + d.Error())
	}
	if last != nil {
		if err := t.Resume(last); err == nil {
			job.Message(fmt.Sprintf("goes on from step %d of %d", t.Step(), r.Spec.Steps))
			return nil
		}
	}
	t.State().Classes = r.Classes
	if r.Start == nil {
		return t.InitRandom()
	}
	return r.Start(t)
}

func fit(ctx context.Context, job *pipelines.Job, s *Settings, r Run, t *train.Trainer, folder checkpoint.Folder, curves *curves) error {
	meter := job.Meter(int64(r.Spec.Steps), "steps")
	meter.Add(int64(t.Step()), 0)
	every := s.CheckpointEvery
	if every == 0 {
		every = DefaultCheckpointEvery
	}
	watch := observe(job)
	defer func() { watch.close(t.Step()) }()
	return t.Fit(ctx, r.Data, train.Hooks{
		Step: func(m train.Metrics) error {
			meter.Add(1, 0)
			figures := scalars(m)
			var knn float64
			if r.watched(m.Step) {
				c, err := t.Checkpoint()
				if err != nil {
					return err
				}
				if knn, err = r.Watch(c); err != nil {
					return err
				}
				figures["knn_accuracy"] = knn
			}
			watch.step(m.Step, figures)
			watch.took(m, s.Batch)
			figures["step"], figures["images_per_second"], figures["data_wait_share"] = float64(m.Step), m.ImagesPerSecond, m.DataWaitShare
			job.Metric(figures)
			return curves.add(m, knn)
		},
		CheckpointEvery: every,
		Checkpoint: func(c *checkpoint.Checkpoint) error {
			if err := curves.flush(); err != nil {
				return err
			}
			return folder.Save(c)
		},
	})
}

// finish writes the artifact's files and removes what only resuming needs.
func finish(job *pipelines.Job, r Run, t *train.Trainer, folder checkpoint.Folder, curves *curves) error {
	c, err := t.Checkpoint()
	if err != nil {
		return err
	}
	c.Fingerprints = map[string]string{"stage": job.Fingerprint()}
	if err := c.Save(job.Path(ModelName)); err != nil {
		return err
	}
	if err := job.AddFile(ModelName, 0); err != nil {
		return err
	}
	if err := curves.flush(); err != nil {
		return err
	}
	data, err := os.ReadFile(curves.path)
	if err != nil {
		return err
	}
	if err := job.WriteFile(CurvesName, data); err != nil {
		return err
	}
	job.Count("steps", int64(t.Step()))
	job.Count("images", r.Images)
	if err := job.SetMeta(Meta{Spec: r.Spec, Classes: r.Classes, Params: r.Spec.Params(), Images: r.Images}); err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(folder.Dir), os.Remove(curves.path))
}

// Load opens the checkpoint of a trained network's artifact.
func Load[T any](a pipelines.Artifact[T]) (*checkpoint.Checkpoint, error) {
	return checkpoint.Load(a.Dir + "/" + ModelName)
}
