package sweep_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/retort-ml/retort/internal/stagetest"
	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/pipelines/simclrv2"
	"github.com/retort-ml/retort/pipelines/simclrv2/sweep"
	"github.com/retort-ml/retort/runners/direct"
)

const two = "preset: smoke\nset: {size: 8, teacher.width: 0.0625, pretrain.epochs: 1, finetune.epochs: 1, baseline.epochs: 1}\nfractions: [0.25, 0.5]\nmodels: [supervised, finetuned]\n"

func points(t *testing.T, images ...string) []*sweep.Point {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sweep.yaml")
	if err := os.WriteFile(path, []byte(two), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := sweep.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.Points(nil, func(c *simclrv2.Config) error { c.Images = images; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestFractionsTrainOnTheSameImages: what all fractions of a seed are given to
// pretrain on is what each one's own split would give.
func TestFractionsTrainOnTheSameImages(t *testing.T) {
	images := stagetest.Folder(t, 16, 10, "a", "b")
	all := points(t, images)
	root := t.TempDir()
	g, err := sweep.Build(all, root, "cpu")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Execute(t.Context(), direct.Runner{}, pipelines.Silent{}); err != nil {
		t.Fatal(err)
	}
	var trains []string
	for _, name := range g.Names() {
		if !strings.HasPrefix(name, "split-") {
			continue
		}
		a, err := pipelines.LoadArtifact[pipelines.None](g.At(name, ""))
		if err != nil {
			t.Fatal(err)
		}
		var sums string
		for _, f := range a.Files("train") {
			sums += fmt.Sprint(f.CRC32C, " ")
		}
		trains = append(trains, sums)
	}
	if len(trains) != 3 || trains[0] == "" || trains[0] != trains[1] || trains[0] != trains[2] {
		t.Errorf("the splits train on %q", trains)
	}
}

// TestLockAndStop: two sweeps do not write one folder at once, and one that is
// stopped goes on.
func TestLockAndStop(t *testing.T) {
	images := stagetest.Folder(t, 16, 10, "a", "b")
	all := points(t, images)
	root := t.TempDir()
	build := func() *pipelines.Graph {
		g, err := sweep.Build(all, root, "cpu", pipelines.KeepGoing())
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	dir, err := blob.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	release, err := artifact.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := build().Execute(t.Context(), direct.Runner{}, pipelines.Silent{}); err == nil {
		t.Error("a second sweep ran in a locked folder")
	}
	release()
	ctx, cancel := context.WithCancel(t.Context())
	results, err := build().Execute(ctx, direct.Runner{}, &stopper{after: 5, stop: cancel})
	if err == nil || len(results) > 6 {
		t.Errorf("a stopped sweep went on: %d stages, %v", len(results), err)
	}
	results, err = build().Execute(t.Context(), direct.Runner{}, pipelines.Silent{})
	if err != nil {
		t.Fatal(err)
	}
	kept := 0
	for _, r := range results {
		if r.State == pipelines.Keep {
			kept++
		}
	}
	if kept < 5 {
		t.Errorf("%d stages were kept; 5 were done", kept)
	}
}

type stopper struct {
	pipelines.Silent
	after int
	stop  func()
}

func (s *stopper) Finished(pipelines.Result) {
	if s.after--; s.after == 0 {
		s.stop()
	}
}
