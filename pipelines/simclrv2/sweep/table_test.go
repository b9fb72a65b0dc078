package sweep

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/retort-ml/retort/pipelines/simclrv2"
	"github.com/retort-ml/retort/transforms/evaluate"
)

func read(t *testing.T, text string) *Spec {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sweep.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func points(t *testing.T, s *Spec, images ...string) []*Point {
	t.Helper()
	all, err := s.Points(nil, func(c *simclrv2.Config) error { c.Images = images; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestStudent975 compares with R's qt(0.975, n).
func TestStudent975(t *testing.T) {
	for n, want := range map[int]float64{1: 12.7062, 2: 4.302653, 10: 2.228139, 11: 2.200985, 20: 2.085963, 120: 1.979930} {
		if got := student975(n); math.Abs(got-want) > 2e-4 {
			t.Errorf("%d degrees: %g, want %g", n, got, want)
		}
	}
}

func TestEstimate(t *testing.T) {
	e := estimate([]float64{0.4, 0.5, 0.6})
	if e.N != 3 || math.Abs(float64(e.Mean)-0.5) > 1e-12 || math.Abs(float64(e.SD)-0.1) > 1e-12 || math.Abs(float64(e.High)-0.5-4.3027*0.1/math.Sqrt(3)) > 1e-9 {
		t.Errorf("%+v", e)
	}
	if one := estimate([]float64{0.4}); one.N != 1 || one.Low.Finite() || one.SD.Finite() {
		t.Errorf("one seed has an interval: %+v", one)
	}
}

// TestSelfAndLast follow the settings of their own point.
func TestSelfAndLast(t *testing.T) {
	for _, p := range points(t, read(t, "preset: smoke\nset: {pretrain.head_layers: 2}\narchitectures: [resnet18 0.5x, resnet50 2x sk]\nstudents: self\nselectors: last\n"), "x") {
		if p.Config.Student != p.Config.Teacher || p.Config.Finetune.Selector != 2 {
			t.Errorf("%s: student %+v, teacher %+v, selector %d", p.Name([]string{"architecture"}), p.Config.Student, p.Config.Teacher, p.Config.Finetune.Selector)
		}
	}
}

// TestTabulatePairsSeeds: supervised-only of a seed is counted once, however many
// selectors share it, and gains are within a seed.
func TestTabulatePairsSeeds(t *testing.T) {
	s := read(t, "preset: smoke\nselectors: [0, 1]\nseeds: [1, 2, 3]\nmodels: [supervised, finetuned]\n")
	var outcomes []Outcome
	for i, p := range points(t, s, "x") {
		base := map[string]float64{"1": 0.2, "2": 0.3, "3": 0.4}[p.At["seed"]]
		outcomes = append(outcomes, Outcome{Point: p, Results: &evaluate.Results{Models: map[string]*evaluate.Model{
			"supervised": {Top1: base}, "finetuned": {Top1: base + 0.1},
		}}})
		if i == 5 { // the last has not run
			outcomes[i].Results = nil
		}
	}
	table := Tabulate(outcomes, s.Columns())
	if len(table.Rows) != 3 || table.Done != 5 || table.Points != 6 {
		t.Fatalf("%d rows, %d of %d", len(table.Rows), table.Done, table.Points)
	}
	alone, tuned := table.Rows[0], table.Rows[1]
	if alone.Top1.N != 3 || alone.At["selector"] != "-" || math.Abs(float64(alone.Top1.Mean)-0.3) > 1e-9 {
		t.Errorf("supervised: %+v", alone)
	}
	if tuned.Gain.N != 3 || math.Abs(float64(tuned.Gain.Mean)-0.1) > 1e-9 || float64(tuned.Gain.SD) > 1e-9 || tuned.Top1.N != 3 {
		t.Errorf("finetuned: %+v", tuned)
	}
	if last := table.Rows[2]; last.Top1.N != 2 || last.At["selector"] != "1" {
		t.Errorf("the other selector: %+v", last)
	}
	page := table.Page("x", "", nil)
	if len(page.Charts) != 1 || len(page.Charts[0].Series) != 1 || page.Charts[0].XLabel != "selector" {
		t.Errorf("charts: %+v", page.Charts)
	}
}
