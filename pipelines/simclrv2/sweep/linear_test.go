package sweep_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/retort-ml/retort/pipelines/simclrv2/sweep"
)

func read(t *testing.T, text string, sets ...string) ([]*sweep.Point, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sweep.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := sweep.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return s.Points(append(sets, "images=photos"), nil)
}

// TestLinearEvaluation is one of the models, by its name or by evaluate.linear.
func TestLinearEvaluation(t *testing.T) {
	const base = "preset: smoke\nselectors: [0, 1]\n"
	for _, c := range []struct{ models, set, want string }{
		{"", "none", "supervised finetuned distilled"},
		{"", "beside", "supervised finetuned distilled linear"},
		{"", "only", "supervised linear"},
		{"models: [supervised, linear]\n", "none", "supervised linear"},
		{"models: [linear, finetuned]\n", "beside", "linear finetuned"},
		{"models: linear\n", "only", "linear"},
	} {
		points, err := read(t, base+c.models, "evaluate.linear="+c.set)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(points[0].Models, " "); got != c.want {
			t.Errorf("%q, evaluate.linear = %s: %s, want %s", c.models, c.set, got, c.want)
		}
		g, err := sweep.Build(points, t.TempDir(), "cpu")
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, name := range g.Names() {
			if strings.HasPrefix(name, "linear") {
				n++
			}
		}
		if want := strings.Count(c.want, "linear"); n != want { // one for both selectors
			t.Errorf("%q, evaluate.linear = %s: %d stages, want %d of %q", c.models, c.set, n, want, g.Names())
		}
	}
	if _, err := read(t, base+"models: [finetuned]\n", "evaluate.linear=only"); err == nil || !strings.Contains(err.Error(), "evaluate.linear = only, but models = finetuned") {
		t.Error(err)
	}
	// where two parts have a point, it has the models of both
	points, err := read(t, base+"parts:\n  - {name: a, models: supervised}\n  - {name: b, models: [supervised, linear]}\n")
	if err != nil || len(points) != 2 || !slices.Equal(points[0].Models, []string{"supervised", "linear"}) {
		t.Errorf("%v, %d points", err, len(points))
	}
}
