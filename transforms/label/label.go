// Package label is the stage in which the teacher labels the unlabelled data:
// its logits for every view, keyed by image, pass, view and teacher.
package label

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/tfrecord"
	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/model/backend/cpu"
	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/training"
	"github.com/retort-ml/retort/transforms/views"
)

// Stage is the stage. Its input are the views to label. There is one shard of
// targets for each shard of views, with the records in the same order.
type Stage struct {
	Teacher pipelines.Edge[pipelines.Classifier]
	Batch   int    `fingerprint:"-"` // images computed at once; 0 is 64
	Backend string `fingerprint:"-"`
	// Precision is "" for that of Backend, or [backend.INT8]: faster, and other
	// logits. One image's do not depend on another's.
	Precision string `json:",omitempty"`
}

func init() { pipelines.Register(&Stage{}) }

// Meta is the kind-specific part of a Targets artifact's manifest.
type Meta struct {
	Classes []string `json:"classes"`
	Teacher string   `json:"teacher"` // fingerprint of the teacher's artifact
	// Views is the fingerprint of the views that were labelled: there is a shard
	// of targets for each of their shards, with the records in the same order.
	Views string `json:"views"`
	// Passes and Blocks are the views': each pass has as many files, and the same
	// blocks in them. 0 where it is not known.
	Passes int `json:"passes,omitempty"`
	Blocks int `json:"blocks,omitempty"`
}

// StageVersion is 2 since the CPU engine computes inference by other kernels.
func (s *Stage) StageVersion() int { return 2 }

// Validate reports what is wrong with the config.
func (s *Stage) Validate() error {
	switch {
	case s.Teacher.IsZero():
		return errors.New("Teacher is missing; want the edge of a classifier")
	case s.Batch < 0:
		return fmt.Errorf("Batch = %d; want at least 0", s.Batch)
	case s.Precision != "" && s.Precision != backend.INT8:
		return fmt.Errorf("Precision = %q; want none or %s", s.Precision, backend.INT8)
	case s.Precision == backend.INT8 && !onCPU(s.Backend):
		return fmt.Errorf("labels in %s are computed by the CPU engine, not by backend %s (backend: cpu or auto on one device, or distill.label_precision: f32)", backend.INT8, s.Backend)
	}
	return nil
}

// onCPU reports whether a backend can be the CPU engine.
func onCPU(computes string) bool {
	name, how, _ := strings.Cut(computes, ",")
	return slices.Contains([]string{"", backend.Auto, cpu.Name}, name) && !strings.Contains(how, "devices=")
}

// Shards is the number of shards of views.
func (s *Stage) Shards(_ context.Context, in pipelines.Artifact[pipelines.Views], _ *pipelines.Output[pipelines.Targets]) (int, error) {
	return len(in.Files("views")), nil
}

// RunShard labels the views of one shard.
func (s *Stage) RunShard(ctx context.Context, in pipelines.Artifact[pipelines.Views], out *pipelines.Output[pipelines.Targets], shard int) error {
	d, err := views.Open(in)
	if err != nil {
		return err
	}
	teacher, err := pipelines.Open(out.Job, s.Teacher)
	if err != nil {
		return err
	}
	p, err := s.network(out.Job, teacher)
	if err != nil {
		return err
	}
	l := &labeller{stage: s, data: d, network: p, teacher: teacher.Fingerprint(), meter: out.Meter(d.Images*int64(d.Passes), "views")}
	f, err := l.shard(ctx, out, shard)
	if err != nil {
		return err
	}
	out.AddDescribed(f)
	out.Count("views", f.Records)
	return nil
}

// Run writes what describes all shards together.
func (s *Stage) Run(_ context.Context, in pipelines.Artifact[pipelines.Views], out *pipelines.Output[pipelines.Targets]) error {
	teacher, err := pipelines.Open(out.Job, s.Teacher)
	if err != nil {
		return err
	}
	var meta training.Meta
	if err := teacher.Meta(&meta); err != nil {
		return err
	}
	var seen views.Meta
	if err := in.Meta(&seen); err != nil {
		return err
	}
	return out.SetMeta(Meta{Classes: meta.Classes, Teacher: teacher.Fingerprint(), Views: in.Fingerprint(), Passes: seen.Passes, Blocks: seen.Blocks})
}

// network is the compiled teacher.
type network struct {
	*train.Predictor
	tell func() // once it is compiled, what is to be said of it
}

// network is one for all shards of the job.
func (s *Stage) network(job *pipelines.Job, teacher pipelines.Artifact[pipelines.Classifier]) (*network, error) {
	return pipelines.Shared(job, "teacher", func() (*network, error) {
		c, err := training.Load(teacher)
		if err != nil {
			return nil, err
		}
		name, err := s.computes()
		if err != nil {
			return nil, err
		}
		choice, err := backend.New(name)
		if err != nil {
			return nil, err
		}
		p, err := train.NewPredictor(choice.Backend, c, s.batch(), training.Compute(choice))
		if err != nil {
			return nil, err
		}
		return &network{p, choice.TellInt8(job.Message)}, nil
	})
}

// computes is the name of the backend, with the precision.
func (s *Stage) computes() (string, error) {
	if s.Precision == "" {
		return s.Backend, nil
	}
	return backend.WithPrecision(s.Backend, s.Precision)
}

func (s *Stage) batch() int {
	if s.Batch == 0 {
		return 64
	}
	return s.Batch
}

type labeller struct {
	stage   *Stage
	data    *views.Dataset
	network *network
	teacher string
	meter   *pipelines.Meter

	w      *tfrecord.File
	blocks blocks
	keys   []Target // of the batch being gathered
	pixels []uint8
}

func (l *labeller) shard(ctx context.Context, out *pipelines.Output[pipelines.Targets], shard int) (artifact.File, error) {
	files := l.data.Files()
	name := tfrecord.Shard{Name: "targets", Index: shard, Count: len(files)}.String()
	r, err := l.data.OpenShard(shard)
	if err != nil {
		return artifact.File{}, err
	}
	defer r.Close()
	if l.w, err = tfrecord.CreateIn(out, name, tfrecord.Options{}); err != nil {
		return artifact.File{}, err
	}
	defer l.w.Discard()
	if l.blocks, err = blocksOf(files[shard], len(l.data.Sizes)); err != nil {
		return artifact.File{}, err
	}
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return artifact.File{}, fmt.Errorf("%s: %w", files[shard].Name, err)
		}
		for v, pix := range rec.Views {
			l.keys = append(l.keys, Target{Key: Key{rec.ID, rec.Pass, v}, Teacher: l.teacher})
			l.pixels = append(l.pixels, pix...)
		}
		if len(l.keys) >= l.stage.batch() {
			if err := l.flush(); err != nil {
				return artifact.File{}, err
			}
		}
	}
	if err := l.flush(); err != nil {
		return artifact.File{}, err
	}
	if err := l.blocks.before(l.w); err != nil {
		return artifact.File{}, err
	}
	if err := l.w.Commit(); err != nil {
		return artifact.File{}, err
	}
	return artifact.File{Name: name, Records: l.w.Records(), Bytes: l.w.Bytes(), CRC32C: l.w.CRC32C(), Blocks: artifact.ListBlocks(l.blocks.all)}, nil
}

// flush labels what was gathered.
func (l *labeller) flush() error {
	if len(l.keys) == 0 {
		return nil
	}
	logits, _, err := l.network.Predict(l.pixels)
	if err != nil {
		return err
	}
	l.network.tell()
	classes := len(logits) / len(l.keys)
	for i, t := range l.keys {
		t.Logits = logits[i*classes : (i+1)*classes]
		for _, x := range t.Logits {
			if math.IsNaN(float64(x)) {
				return fmt.Errorf("the teacher's logits of %s are not numbers (train the teacher again with a lower learning rate)", t.Key)
			}
		}
		if err := l.blocks.before(l.w); err != nil {
			return err
		}
		if err := l.w.Write(t.Encode()); err != nil {
			return err
		}
	}
	l.meter.Add(int64(len(l.keys)), int64(len(l.pixels)))
	l.keys, l.pixels = l.keys[:0], l.pixels[:0]
	return nil
}
