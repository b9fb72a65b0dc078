package distill

import (
	"fmt"

	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/label"
	"github.com/retort-ml/retort/transforms/views"
)

// targets finds the teacher's logits of a view. Targets of these very views lie
// beside them, shard by shard, and are read along; all others are looked up.
type targets struct {
	meta  label.Meta
	index *label.Index // nil: beside
}

// open opens the targets for the views d, whose artifact has a fingerprint.
func (s *Stage) open(job *pipelines.Job, d *views.Dataset, viewsFingerprint string) (*targets, error) {
	a, err := pipelines.Open(job, s.Targets)
	if err != nil {
		return nil, err
	}
	t := &targets{}
	if err := a.Meta(&t.meta); err != nil {
		return nil, err
	}
	if t.meta.Views == viewsFingerprint && len(d.Sizes) == 1 {
		return t, d.Beside(a, a.Files("targets"))
	}
	if t.index, err = label.OpenIndex(a, t.meta.Teacher); err != nil {
		return nil, err
	}
	if have, want := t.index.Count(0), d.Images*int64(d.Passes); have < want {
		t.index.Close()
		return nil, fmt.Errorf("%s: %d targets for %d views: the teacher did not label them all (run the label stage on these views)", a.At(""), have, want)
	}
	return t, nil
}

// of writes the logits of a record's first view to logits.
func (t *targets) of(it *views.Item, logits []float32) error {
	want := label.Key{ID: it.ID, Pass: it.Pass, View: 0}
	got := label.Target{Logits: logits[:0]}
	if err := t.read(want, it, &got); err != nil {
		return err
	}
	if got.Key != want || got.Teacher != t.meta.Teacher {
		return fmt.Errorf("the target beside %s is that of %s by teacher %.12s (delete the label stage's folder to redo it)", want, got.Key, got.Teacher)
	}
	if len(got.Logits) != len(logits) {
		return fmt.Errorf("the target of %s has %d logits for %d classes (delete the label stage's folder to redo it)", want, len(got.Logits), len(logits))
	}
	return nil
}

func (t *targets) read(k label.Key, it *views.Item, to *label.Target) error {
	if t.index != nil {
		return t.index.Find(k, to)
	}
	return to.Decode(it.Beside)
}

func (t *targets) close() {
	if t.index != nil {
		t.index.Close()
	}
}
