// Package training is what the stages that train share: the settings of an
// optimiser, data from views shards, checkpoints, resuming, curves.
package training

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/pipelines"
)

// Meta is the kind-specific part of the manifest of a trained network.
type Meta struct {
	Spec    train.Spec `json:"spec"`
	Classes []string   `json:"classes"`
	Params  int64      `json:"params"`
	Images  int64      `json:"images"` // that an epoch has
	// Validation is what labels told that were not trained on, where there were any.
	Validation *Validated `json:"validation,omitempty"`
}

// Names of the files of a trained network's artifact.
const (
	ModelName  = "model.safetensors" // the network at the end of the training
	CurvesName = "metrics.jsonl"     // Points
)

// Names of files beside the artifact: what labels told those who watched a
// pretraining. The manifest does not list them, and no network depends on them.
const (
	ProbeName = "probe.jsonl"      // ProbePoints
	BestName  = "best.safetensors" // the network that Run.Watch measured best, if that was before the end
)

// folderName is where the checkpoints of a running training lie.
const folderName = ".checkpoints"

// Run is one training: of Spec on Data, from where Start leaves the trainer.
type Run struct {
	Spec    train.Spec
	Data    train.Data
	Start   func(*train.Trainer) error // for a training that begins; nil: at random
	Classes []string
	Images  int64
	// Watch, if set, measures the network at Watches steps, evenly spread, the
	// last one among them: kNN accuracy, 0 to 1. It must not change the training.
	Watch func(*backend.Choice, *checkpoint.Checkpoint) (float64, error)
	// Held, if set, are images that are not trained on; they say how long a training of
	// a classifier lasts and how sure the classifier is.
	Held *Held
}

// Watches is how often Run.Watch looks at a training.
const Watches = 10

// watched says whether Watch looks after a step.
func (r *Run) watched(step int) bool {
	return r.Watch != nil && (step+1)*Watches/r.Spec.Steps > step*Watches/r.Spec.Steps
}

// session is a training while it runs.
type session struct {
	job     *pipelines.Job
	run     Run
	backend *backend.Choice
	trainer *train.Trainer
	folder  checkpoint.Folder
	curves  *curves
	probe   *curves // nil where no labels watch
	watch   *observer
	looks   *validator // nil where no image is held
	meter   *pipelines.Meter
	saving  aside
}

// Train trains and writes the artifact: the checkpoint and the curves. A
// training that was interrupted goes on from its last checkpoint; what it
// leaves is the same, byte for byte. The settings fill in what they say of r's
// specification.
func Train(ctx context.Context, job *pipelines.Job, s *Settings, r Run) error {
	s.Fill(&r.Spec, r.Images)
	choice, err := backend.New(s.Backend)
	if err != nil {
		return err
	}
	if choice.Precision == backend.INT8 {
		return fmt.Errorf("backend %s: a network is not trained in int8; want one of %s", choice, strings.Join(backend.TrainingPrecisions(), ", "))
	}
	job.Message("computes on " + choice.String())
	t, err := train.New(choice.Backend, r.Spec, s.compute(choice))
	if err != nil {
		return err
	}
	se := &session{job: job, run: r, backend: choice, trainer: t,
		folder: checkpoint.Folder{Dir: job.Folder(folderName), Keep: s.keepCheckpoints(), Metric: knnMetric}}
	if r.Held != nil {
		se.looks = &validator{held: r.Held, steps: r.Spec.Steps, classes: len(r.Classes), backend: choice}
	}
	if err := se.begin(); err != nil {
		return err
	}
	defer se.curves.Close()
	if se.probe != nil {
		defer se.probe.Close()
	}
	if err := se.fit(ctx, s.checkpointEvery()); err != nil {
		return err
	}
	return se.finish()
}

func (se *session) fit(ctx context.Context, every int) error {
	se.meter = se.job.Meter(int64(se.run.Spec.Steps), "steps")
	se.meter.Add(int64(se.trainer.Step()), 0)
	se.watch = observe(se.job)
	defer func() { se.watch.close(se.trainer.Step()) }()
	err := se.trainer.Fit(ctx, se.run.Data, train.Hooks{
		Step:            se.step,
		CheckpointEvery: every,
		Looks:           func(step int) bool { return se.run.watched(step) || se.looks.due(step) },
		Checkpoint: func(c *checkpoint.Checkpoint) error {
			se.looks.attach(c)
			if err := se.flushCurves(); err != nil {
				return err
			}
			return se.saving.do(func() error { return se.folder.Save(c) })
		},
	})
	return errors.Join(err, se.saving.wait())
}

// step reports a step and measures the network where that is due.
func (se *session) step(m train.Metrics) error {
	se.meter.Add(1, 0)
	figures := scalars(m)
	se.trainer.State().Metrics = figures
	var knn float64
	if se.run.watched(m.Step) {
		var err error
		if knn, err = se.measure(figures); err != nil {
			return err
		}
	}
	enough := false
	if se.looks.due(m.Step) {
		var err error
		if enough, err = se.validate(&m, figures); err != nil {
			return err
		}
	}
	se.watch.step(m.Step, figures)
	se.watch.took(m, se.run.Spec.Batch)
	live := map[string]float64{"step": float64(m.Step), "images_per_second": m.ImagesPerSecond, "data_wait_share": m.DataWaitShare}
	for name, value := range figures {
		live[name] = value
	}
	se.job.Metric(live)
	if se.probe != nil {
		if err := se.probe.add(probePoint(m, knn)); err != nil {
			return err
		}
	}
	if err := se.curves.add(point(m)); err != nil || !enough {
		return err
	}
	return train.ErrEnough
}

// validate looks at the network after a step. What it finds are figures of the step.
func (se *session) validate(m *train.Metrics, figures map[string]float64) (enough bool, err error) {
	c, err := se.trainer.Checkpoint()
	if err != nil {
		return false, err
	}
	if enough, err = se.looks.look(c, figures); err != nil {
		return false, err
	}
	m.Figures = maps.Clone(m.Figures)
	for _, name := range []string{ValidationLoss, ValidationAccuracy} {
		if m.Figures == nil {
			m.Figures = map[string]float64{}
		}
		m.Figures[name] = figures[name]
	}
	se.trainer.State().Meta, err = se.looks.meta()
	return enough, err
}

func (se *session) flushCurves() error {
	if se.probe != nil {
		if err := se.probe.flush(); err != nil {
			return err
		}
	}
	return se.curves.flush()
}

// knnMetric is the figure that the best checkpoint is chosen by.
const knnMetric = "knn_accuracy"

// measure lets Run.Watch look at the network, and keeps it if it is the best so
// far.
func (se *session) measure(figures map[string]float64) (knn float64, err error) {
	c, err := se.trainer.Checkpoint()
	if err != nil {
		return 0, err
	}
	if knn, err = se.run.Watch(se.backend, c); err != nil {
		return 0, err
	}
	figures[knnMetric] = knn
	c = train.Finished(c)
	if err := se.saving.wait(); err != nil { // one writes to the folder at a time
		return 0, err
	}
	return knn, se.folder.SaveBest(c)
}

// finish writes the artifact's files and removes what only resuming needs. The
// network's file has no optimiser state: the schedule has ended at a learning
// rate of 0, and nothing goes on from there.
func (se *session) finish() error {
	c, err := se.trainer.Checkpoint()
	if err != nil {
		return err
	}
	c = train.Finished(c)
	if err := se.keepBest(c); err != nil {
		return err
	}
	r := se.run
	meta := Meta{Images: r.Images}
	if se.looks != nil {
		if c, meta.Validation, err = se.looks.conclude(c); err != nil {
			return err
		}
		se.job.Message(meta.Validation.say(r.Spec.Steps))
	}
	if se.probe != nil {
		c.Metrics = scalarsOf(c.Metrics)
		if err := train.WithoutProbe(c); err != nil {
			return err
		}
	}
	if err := c.SaveIn(se.job, ModelName); err != nil {
		return err
	}
	if err := se.job.AddFile(ModelName, 0); err != nil {
		return err
	}
	if err := se.flushCurves(); err != nil {
		return err
	}
	data, err := se.curves.read()
	if err != nil {
		return err
	}
	if err := se.job.WriteFile(CurvesName, data); err != nil {
		return err
	}
	if se.probe != nil {
		r.Spec, r.Classes = r.Spec.WithoutProbe(), nil
	}
	se.job.Count("steps", int64(se.trainer.Step()))
	se.job.Count("images", r.Images)
	meta.Spec, meta.Classes, meta.Params = r.Spec, r.Classes, r.Spec.Params()
	if err := se.job.SetMeta(meta); err != nil {
		return err
	}
	return errors.Join(se.job.Folder(".").RemoveAll(folderName), se.curves.remove())
}

// keepBest leaves the best checkpoint beside the artifact, unless the last is as
// good: labels chose it, and the artifact must not depend on them.
func (se *session) keepBest(last *checkpoint.Checkpoint) error {
	best, err := se.folder.Best()
	if best == nil || err != nil || best.Step == last.Step {
		var format *checkpoint.FormatError
		if errors.As(err, &format) {
			se.job.Message(fmt.Sprintf("the best checkpoint is damaged and not kept: %v", err))
			return nil
		}
		return err
	}
	if end, ok := last.Metrics[knnMetric]; ok && end >= best.Metrics[knnMetric] {
		return nil
	}
	if err := best.SaveIn(se.job, BestName); err != nil {
		return err
	}
	se.job.Message(fmt.Sprintf("%s beside it is the network of step %d, whose kNN accuracy was higher (%.1f %%) than at the end (%.1f %%)",
		BestName, best.Step, 100*best.Metrics[knnMetric], 100*last.Metrics[knnMetric]))
	return nil
}
