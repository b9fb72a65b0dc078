package pipelines_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/passert"

	"github.com/retort-ml/retort/internal/stagetest"
	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
)

func execute(t *testing.T, runner string, p *beam.Pipeline) error {
	t.Helper()
	r, err := runners.ByName(runner)
	if err != nil {
		t.Fatal(err)
	}
	return r.Run(t.Context(), p)
}

// sumsBeam is sumGraph as a Beam pipeline of the caller's own.
func sumsBeam(root string, n int, d *double) (*beam.Pipeline, beam.PCollection) {
	p, s := beam.NewPipelineWithRoot()
	nums := pipelines.Apply(s, filepath.Join(root, "numbers"), &makeNumbers{N: n})
	doubled := pipelines.Apply(s, filepath.Join(root, "double"), d, nums)
	total := pipelines.Apply(s, filepath.Join(root, "sum"), &sum{Numbers: doubled})
	return p, total.Folder()
}

func TestApplyMakesWhatAGraphMakes(t *testing.T) {
	for _, runner := range runners.Local {
		t.Run(runner, func(t *testing.T) {
			ours, theirs := t.TempDir(), t.TempDir()
			if _, err := run(t, sumGraph(ours, 10, &double{Shards_: 3}), "direct"); err != nil {
				t.Fatal(err)
			}
			p, folder := sumsBeam(theirs, 10, &double{Shards_: 3})
			passert.Equals(p.Root(), folder, filepath.Join(theirs, "sum"))
			if err := execute(t, runner, p); err != nil {
				t.Fatal(err)
			}
			for _, stage := range []string{"numbers", "double", "sum"} {
				want, err := os.ReadFile(filepath.Join(ours, stage, "manifest.json"))
				if err != nil {
					t.Fatal(err)
				}
				got, err := os.ReadFile(filepath.Join(theirs, stage, "manifest.json"))
				if err != nil || !bytes.Equal(got, want) {
					t.Fatalf("%v\n%s\nwant\n%s", err, got, want)
				}
			}
			left, _ := filepath.Glob(filepath.Join(theirs, "*", ".*"))
			if len(left) > 0 {
				t.Fatalf("traces of work in progress left: %v", left)
			}
		})
	}
}

func TestApplyKeepsWhatIsThere(t *testing.T) {
	root := t.TempDir()
	for _, n := range []int{10, 10, 11} {
		p, _ := sumsBeam(root, n, &double{Shards_: 2})
		before, _ := os.Stat(filepath.Join(root, "sum", "total.txt"))
		if err := execute(t, "direct", p); err != nil {
			t.Fatal(err)
		}
		after, err := os.Stat(filepath.Join(root, "sum", "total.txt"))
		if err != nil {
			t.Fatal(err)
		}
		if kept := before != nil && before.ModTime().Equal(after.ModTime()); before != nil && kept != (n == 10) {
			t.Fatalf("n = %d: kept is %v", n, kept)
		}
	}
	p, _ := sumsBeam(root, 12, &double{Shards_: 2, FailAt: 1})
	if err := execute(t, "direct", p); err == nil || !strings.Contains(err.Error(), "double: the disk is on fire") {
		t.Fatal(err)
	}
}

func TestApplyErrors(t *testing.T) {
	root := t.TempDir()
	if _, err := run(t, sumGraph(root, 3, &double{Shards_: 1}), "direct"); err != nil {
		t.Fatal(err)
	}
	_, s := beam.NewPipelineWithRoot()
	ofGraph := pipelines.Add(pipelines.New("g"), "n", &makeNumbers{})
	for want, err := range map[string]error{
		"a: N = -1; want at least 0":                                  tryApply(s, "a", &makeNumbers{N: -1}),
		`s: its input "n" belongs to a graph, not to a Beam pipeline`: tryApply(s, "s", &sum{Numbers: ofGraph}),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	for dir, want := range map[string]string{
		"sum":  "is an artifact of kind total; want numbers",
		"none": "cannot open its input: open",
	} {
		p, s := beam.NewPipelineWithRoot()
		in := pipelines.FromFolder[numbers](s, beam.Create(s, filepath.Join(root, dir)))
		pipelines.Apply(s, filepath.Join(root, "again"), &double{Shards_: 1}, in)
		if err := execute(t, "direct", p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func tryApply[In, Out any](s beam.Scope, dir string, stage pipelines.Stage[In, Out]) error {
	_, err := pipelines.TryApply(s, dir, stage)
	return err
}

// names collects what passes by.
var names struct {
	sync.Mutex
	list []string
}

type nameFn struct{}

func (*nameFn) ProcessElement(_ context.Context, img *pipelines.Image) error {
	rgb, err := img.Pixels() // a DoFn of the user's own, downstream
	if err != nil {
		return err
	}
	names.Lock()
	defer names.Unlock()
	names.list = append(names.list, img.Class+"/"+img.Note("was")+string(rune('0'+rgb.Width/8)))
	return nil
}

func init() { register.DoFn2x1[context.Context, *pipelines.Image, error](&nameFn{}) }

func TestParDoInAPipelineOfOnesOwn(t *testing.T) {
	dir, root := stagetest.Folder(t, 8, 4, "cat", "dog"), t.TempDir()
	damage(t, dir, 1)
	for _, runner := range runners.Local {
		names.list = nil
		p, s := beam.NewPipelineWithRoot()
		images := pipelines.Apply(s, filepath.Join(root, runner, "pictures"), &pictures{Dir: dir})
		bright, rejected := pipelines.ParDo(s, pipelines.Fuse(&bright{}, &relabel{To: "x"}), pipelines.Read(s, images))
		turned, _ := pipelines.ParDo(s, &invert{}, beam.Reshuffle(s, bright)) // the coder carries notes
		scores, none := pipelines.ParDo(s, &measure{}, beam.Reshuffle(s, turned))
		few, _ := pipelines.ParDo(s, &keepAbove{Min: -1}, scores)
		beam.ParDo0(s, &nameFn{}, turned)
		passert.Count(s, few, "scores", 8)
		passert.Count(s, none, "none", 0)
		passert.Equals(s, beam.ParDo(s, reasonOf, rejected), "truncated cat/bad0.jpg")
		if err := execute(t, runner, p); err != nil {
			t.Fatal(runner, err)
		}
		slices.Sort(names.list)
		if len(names.list) != 8 || names.list[0] != "x/cat/000.jpg1" {
			t.Fatal(runner, names.list)
		}
	}
}

func reasonOf(r artifact.Rejected) string { return r.Reason + " " + r.Name }

func init() { register.Function1x1(reasonOf) }
