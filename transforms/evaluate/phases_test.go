package evaluate_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/retort-ml/retort/internal/stagetest"
	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/pipelines/simclrv2"
	"github.com/retort-ml/retort/runners"
	"github.com/retort-ml/retort/transforms/evaluate"
	"github.com/retort-ml/retort/transforms/label"
)

// What is measured does not depend on how the work is cut: into ranges of images, and
// into groups of targets, which lie in several files here.
func TestMetricsDoNotDependOnRanges(t *testing.T) {
	c, err := simclrv2.Load("smoke", "", []string{"images=" + stagetest.Folder(t, 12, 300, "across", "along", "both"), "labels=folder",
		"ingest.max_images=0", "views.shard_mb=1", "distill.passes=2", "split.validation=0.2",
		"pretrain.epochs=1", "pretrain.warmup_epochs=0", "finetune.epochs=1", "baseline.epochs=1", "baseline.warmup_epochs=0", "distill.epochs=1", "distill.warmup_epochs=0"})
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	want := run(t, c, root)
	targets, err := filepath.Glob(filepath.Join(root, "label", "targets-*"))
	if err != nil || len(targets) < 3 {
		t.Fatalf("%d files of targets; want several (%v)", len(targets), err)
	}
	for _, images := range []int64{37, 100} {
		back := evaluate.InRangesOf(images)
		remove(t, root)
		if got := run(t, c, root); !bytes.Equal(got, want) {
			t.Errorf("in ranges of %d images:\n%s\nwant:\n%s", images, got, want)
		}
		back()
	}
	forget(t, root)
	remove(t, root)
	if got := run(t, c, root); !bytes.Equal(got, want) {
		t.Errorf("with all targets at once:\n%s\nwant:\n%s", got, want)
	}
}

// forget takes away what older targets do not tell: how many passes they are of.
func forget(t *testing.T, root string) {
	t.Helper()
	dir := blob.Local(filepath.Join(root, "label"))
	m, err := artifact.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	var meta label.Meta
	if err := json.Unmarshal(m.Meta, &meta); err != nil || meta.Passes != 2 {
		t.Fatalf("%+v, %v", meta, err)
	}
	meta.Passes = 0
	if m.Meta, err = json.Marshal(meta); err != nil {
		t.Fatal(err)
	}
	if err := artifact.Commit(dir, m); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, root string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(root, "evaluate")); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, c simclrv2.Config, root string) []byte {
	t.Helper()
	g, err := simclrv2.Build(c, root, "auto")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := runners.Run(t.Context(), g, runners.Options{}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(root, "evaluate", evaluate.MetricsName))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
