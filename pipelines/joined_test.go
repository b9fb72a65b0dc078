package pipelines_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners/direct"
)

// giving is a runner that starts machines, or would.
type giving struct {
	direct.Runner
	started []string // "a+b 4 cores"
	jobs    map[string]*beam.Pipeline
	refuses error
}

func (*giving) Name() string    { return "giving" }
func (*giving) InProcess() bool { return false }
func (g *giving) Provides(jobs []pipelines.JobPlan, root string) error {
	return g.refuses
}
func (g *giving) Start(context.Context, *beam.Pipeline) (string, error) {
	return "", errors.New("a job without a plan")
}
func (g *giving) StartJob(_ context.Context, p *beam.Pipeline, job pipelines.JobPlan) (string, error) {
	g.started = append(g.started, strings.Join(job.Names(), "+")+" "+job.Wants.String())
	name := fmt.Sprint("giving/", len(g.started))
	g.jobs[name] = p
	return name, nil
}
func (g *giving) Follow(ctx context.Context, job string) error { return g.Run(ctx, g.jobs[job]) }
func (g *giving) Running(context.Context, string) (bool, error) {
	return false, nil
}

// Copies writes what it reads and its own text behind it.
type Copies struct {
	Text  string
	From  pipelines.Edge[thing]
	Fails bool
	Asks  pipelines.Wants `fingerprint:"-"`
}

func (c *Copies) Wants() pipelines.Wants { return c.Asks }

func (c *Copies) Run(_ context.Context, _ pipelines.Artifact[pipelines.None], out *pipelines.Output[thing]) error {
	var data []byte
	if !c.From.IsZero() {
		in, err := pipelines.Open(out.Job, c.From)
		if err != nil {
			return err
		}
		if data, err = in.ReadFile("x"); err != nil {
			return err
		}
	}
	if c.Fails {
		return errors.New("it fails")
	}
	return out.WriteFile("x", append(data, c.Text...))
}

func init() { pipelines.Register(&Copies{}) }

// chain is a, b and c that read each other, and a GPU's d that reads a.
func chain(root string, failing string) *pipelines.Graph {
	g := pipelines.New("g", pipelines.Root(root))
	a := pipelines.Add(g, "a", &Copies{Text: "a", Fails: failing == "a"})
	pipelines.Add(g, "d", &Copies{Text: "d", From: a, Asks: pipelines.Wants{Accelerator: pipelines.Needed}})
	b := pipelines.Add(g, "b", &Copies{Text: "b", From: a, Fails: failing == "b", Asks: pipelines.Wants{Cores: 4}})
	pipelines.Add(g, "c", &Copies{Text: "c", From: b})
	return g
}

func give(t *testing.T, g *pipelines.Graph, r *giving) ([]pipelines.Result, error) {
	t.Helper()
	r.jobs, r.started = map[string]*beam.Pipeline{}, nil
	pipelines.RegisterDetached(r)
	return g.Execute(t.Context(), r, pipelines.Silent{})
}

// TestStagesThatWantTheSameShareAJob, and leave the bytes that they leave alone.
func TestStagesThatWantTheSameShareAJob(t *testing.T) {
	alone, shared := t.TempDir(), t.TempDir()
	if _, err := chain(alone, "").Execute(t.Context(), direct.Runner{}, pipelines.Silent{}); err != nil {
		t.Fatal(err)
	}
	var r giving
	results, err := give(t, chain(shared, ""), &r)
	if err != nil || len(results) != 4 {
		t.Fatalf("%v, %v", results, err)
	}
	if want := "a+b+c 4 cores; d an accelerator"; strings.Join(r.started, "; ") != want {
		t.Errorf("jobs %q; want %q", r.started, want)
	}
	for _, stage := range []string{"a", "b", "c", "d"} {
		for _, name := range []string{"x", "manifest.json"} {
			one, _ := os.ReadFile(filepath.Join(alone, stage, name))
			other, err := os.ReadFile(filepath.Join(shared, stage, name))
			if err != nil || string(one) != string(other) {
				t.Errorf("%s/%s: %s; want %s (%v)", stage, name, other, one, err)
			}
		}
		if left, _ := filepath.Glob(filepath.Join(shared, stage, ".*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
	if results, err = give(t, chain(shared, ""), &r); err != nil || len(r.started) != 0 {
		t.Errorf("done, and again: %v, %v, jobs %q", results, err, r.started)
	}
}

// TestAStageOfAJobFails: those before it are kept, the error is its own.
func TestAStageOfAJobFails(t *testing.T) {
	root := t.TempDir()
	var r giving
	results, err := give(t, chain(root, "b"), &r)
	if err == nil || err.Error() != "b: it fails" || len(results) != 2 || results[0].Err != nil {
		t.Fatalf("%v, %v", results, err)
	}
	if _, err := give(t, chain(root, ""), &r); err != nil || r.started[0] != "b+c 4 cores" {
		t.Errorf("mended: %v, jobs %q", err, r.started)
	}
	if _, err := give(t, chain(t.TempDir(), ""), &giving{refuses: errors.New("no such machines")}); err == nil || err.Error() != "no such machines" {
		t.Errorf("refused: %v", err)
	}
}

// TestWantsAreChecked where the graph is built.
func TestWantsAreChecked(t *testing.T) {
	g := pipelines.New("g", pipelines.Root(t.TempDir()))
	pipelines.Add(g, "a", &Copies{Asks: pipelines.Wants{Cores: -1}})
	pipelines.Add(g, "b", &Copies{Asks: pipelines.Wants{Accelerator: "gpu"}})
	if err := g.Check(); err == nil || !strings.Contains(err.Error(), "a: Wants = -1 cores, 0 bytes; want at least 0") {
		t.Errorf("%v", err)
	}
}
