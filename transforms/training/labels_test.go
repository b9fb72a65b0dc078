package training_test

import (
	"bytes"
	"context"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
)

// TestPretrainingKnowsNoLabels: with other labels, and with nobody watching, the
// pretrained network is the same.
func TestPretrainingKnowsNoLabels(t *testing.T) {
	from := images(t)
	watched := model(t, run(t, from, standard()), "pretrain")
	for name, change := range map[string]func(*options){
		"unwatched":    func(o *options) { o.unwatched = true },
		"other labels": func(o *options) { o.perClass = 2 },
	} {
		o := standard()
		change(&o)
		other := model(t, run(t, from, o), "pretrain")
		watched.Fingerprints, other.Fingerprints = nil, nil // of how the views came about
		if !reflect.DeepEqual(watched, other) {
			t.Errorf("%s: the encoder differs: %v and %v", name, watched.State, other.State)
		}
	}
}

// TestOnlyWhatReadsLabelsRunsForOtherLabels: the split comes out with the same
// images to train on, so that their views and the pretraining are kept; a second
// run keeps everything.
func TestOnlyWhatReadsLabelsRunsForOtherLabels(t *testing.T) {
	from := images(t)
	root := run(t, from, standard())
	other := standard()
	other.perClass = 2
	want := map[string]pipelines.State{"ingest": pipelines.Keep, "split": pipelines.Run, "views": pipelines.Keep, "pretrain": pipelines.Keep,
		"labelled-views": pipelines.Run, "finetune": pipelines.Run, "distill-views": pipelines.Keep, "label": pipelines.Run, "distill": pipelines.Run, "evaluate": pipelines.Run}
	states(t, root, from, other, want)
	for stage := range want {
		want[stage] = pipelines.Keep
	}
	states(t, root, from, other, want)
	fresh := run(t, from, other)
	for stage := range want {
		ours, theirs := manifest(t, root, stage), manifest(t, fresh, stage)
		for _, f := range ours.Files {
			if strings.HasSuffix(f.Name, ".safetensors") || strings.HasPrefix(f.Name, "targets") {
				continue // they name the fingerprints of what they were made from
			}
			if !bytes.Equal(read(t, root, stage, f.Name), read(t, fresh, stage, f.Name)) {
				t.Errorf("%s/%s is not what a fresh run makes", stage, f.Name)
			}
		}
		if len(ours.Files) != len(theirs.Files) {
			t.Errorf("%s: %d files, %d in a fresh run", stage, len(ours.Files), len(theirs.Files))
		}
	}
}

func states(t *testing.T, root, from string, o options, want map[string]pipelines.State) {
	t.Helper()
	results, err := runners.Run(context.Background(), build(root, from, o), runners.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.State != want[r.Name] {
			t.Errorf("%s: %s, want %s", r.Name, r.State, want[r.Name])
		}
	}
}

func manifest(t *testing.T, root, stage string) *artifact.Manifest {
	t.Helper()
	m, err := artifact.Load(blob.Local(filepath.Join(root, stage)))
	if err != nil {
		t.Fatal(err)
	}
	return m
}
