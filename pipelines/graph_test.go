package pipelines_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
)

// The stages under test: numbers are made, doubled shard by shard, summed.
type (
	numbers struct{}
	total   struct{}
)

type makeNumbers struct{ N int }

func (s *makeNumbers) Validate() error {
	if s.N < 0 {
		return fmt.Errorf("N = %d; want at least 0", s.N)
	}
	return nil
}

func (s *makeNumbers) Run(_ context.Context, _ pipelines.Artifact[pipelines.None], out *pipelines.Output[numbers]) error {
	var b strings.Builder
	for i := range s.N {
		fmt.Fprintln(&b, i)
	}
	return out.WriteFile("numbers.txt", []byte(b.String()))
}

type double struct {
	Shards_ int
	FailAt  int  `fingerprint:"-"` // 1 + the shard that fails
	Panics  bool `fingerprint:"-"`
}

func (s *double) Shards(context.Context, pipelines.Artifact[numbers], *pipelines.Output[numbers]) (int, error) {
	return s.Shards_, nil
}

func (s *double) RunShard(_ context.Context, in pipelines.Artifact[numbers], out *pipelines.Output[numbers], shard int) error {
	if shard+1 == s.FailAt {
		if s.Panics {
			panic("boom")
		}
		return errors.New("the disk is on fire")
	}
	data, err := in.ReadFile("numbers.txt")
	if err != nil {
		return err
	}
	var b strings.Builder
	for i, line := range strings.Fields(string(data)) {
		if i%s.Shards_ == shard {
			n, _ := strconv.Atoi(line)
			fmt.Fprintln(&b, 2*n)
		}
	}
	out.Count("ran", 1)
	return out.WriteFile(fmt.Sprintf("numbers-%d.txt", shard), []byte(b.String()))
}

func (s *double) Run(context.Context, pipelines.Artifact[numbers], *pipelines.Output[numbers]) error {
	return nil
}

type sum struct {
	Numbers pipelines.Edge[numbers]
	Extra   map[string]pipelines.Edge[numbers] `json:",omitempty"`
}

func (s *sum) Run(_ context.Context, _ pipelines.Artifact[pipelines.None], out *pipelines.Output[total]) error {
	in, err := pipelines.Open(out.Job, s.Numbers)
	if err != nil {
		return err
	}
	n := 0
	for _, f := range in.Files("numbers") {
		data, err := in.ReadFile(f.Name)
		if err != nil {
			return err
		}
		for _, line := range strings.Fields(string(data)) {
			k, _ := strconv.Atoi(line)
			n += k
		}
	}
	return out.WriteFile("total.txt", []byte(strconv.Itoa(n)))
}

func sumGraph(root string, n int, d *double) *pipelines.Graph {
	g := pipelines.New("sums", pipelines.Root(root))
	nums := pipelines.Add(g, "numbers", &makeNumbers{N: n})
	doubled := pipelines.Add(g, "double", d, nums)
	pipelines.Add(g, "sum", &sum{Numbers: doubled})
	return g
}

func states(results []pipelines.Result) string {
	var s []string
	for _, r := range results {
		s = append(s, r.Name+":"+string(r.State))
	}
	return strings.Join(s, " ")
}

func run(t *testing.T, g *pipelines.Graph, runner string) (string, error) {
	t.Helper()
	where, err := runners.ByName(runner)
	if err != nil {
		t.Fatal(err)
	}
	results, err := runners.Run(t.Context(), g, runners.Options{Runner: where})
	return states(results), err
}

func TestRunKeepChange(t *testing.T) {
	for _, runner := range runners.Local {
		t.Run(runner, func(t *testing.T) {
			root := t.TempDir()
			steps := []struct {
				n, shards int
				want      string
			}{
				{10, 3, "numbers:ran double:ran sum:ran"},
				{10, 3, "numbers:kept double:kept sum:kept"},
				{10, 2, "numbers:kept double:ran sum:ran"},
				{11, 2, "numbers:ran double:ran sum:ran"},
			}
			for _, s := range steps {
				got, err := run(t, sumGraph(root, s.n, &double{Shards_: s.shards}), runner)
				if err != nil || got != s.want {
					t.Fatalf("n=%d shards=%d: got %s, %v; want %s", s.n, s.shards, got, err, s.want)
				}
				data, _ := os.ReadFile(filepath.Join(root, "sum", "total.txt"))
				if want := strconv.Itoa(s.n * (s.n - 1)); string(data) != want {
					t.Fatalf("total is %s, want %s", data, want)
				}
			}
		})
	}
}

func TestFailedShardResumesWithTheOthersKept(t *testing.T) {
	root := t.TempDir()
	_, err := run(t, sumGraph(root, 10, &double{Shards_: 4, FailAt: 3}), "direct")
	if err == nil || err.Error() != "double: the disk is on fire" {
		t.Fatalf("got %v, want the stage's own words", err)
	}
	if _, err := artifact.Load(blob.Local(filepath.Join(root, "double"))); !artifact.IsAbsent(err) {
		t.Fatalf("a failed stage left a manifest: %v", err)
	}
	kept := filepath.Join(root, "double", "numbers-0.txt")
	before, err := os.Stat(kept)
	if err != nil {
		t.Fatal(err)
	}
	got, err := run(t, sumGraph(root, 10, &double{Shards_: 4}), "direct")
	if err != nil || got != "numbers:kept double:ran sum:ran" {
		t.Fatalf("got %s, %v", got, err)
	}
	if after, _ := os.Stat(kept); !after.ModTime().Equal(before.ModTime()) {
		t.Fatal("a finished shard was done again")
	}
	left, _ := filepath.Glob(filepath.Join(root, "double", ".*"))
	if len(left) > 0 {
		t.Fatalf("traces of work in progress left: %v", left)
	}
}

func TestPanicOfAStageIsAnError(t *testing.T) {
	_, err := run(t, sumGraph(t.TempDir(), 10, &double{Shards_: 4, FailAt: 2, Panics: true}), "direct")
	if err == nil || !strings.Contains(err.Error(), "double: this is a bug in the stage: panic: boom") {
		t.Fatalf("got %v", err)
	}
}

func TestDamageIsNamedAndRedone(t *testing.T) {
	root := t.TempDir()
	if _, err := run(t, sumGraph(root, 10, &double{Shards_: 2}), "direct"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "double", "numbers-1.txt"), []byte("2\n6\n10\n14\n19\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	g := sumGraph(root, 10, &double{Shards_: 2})
	plan, err := g.Plan(t.Context())
	if err != nil || plan[1].State != pipelines.Run || !strings.Contains(plan[1].Why, "numbers-1.txt") {
		t.Fatalf("plan: %+v, %v", plan[1], err)
	}
	got, err := run(t, g, "direct")
	if err != nil || !strings.HasPrefix(got, "numbers:kept double:ran") {
		t.Fatalf("got %s, %v", got, err)
	}
	data, _ := os.ReadFile(filepath.Join(root, "sum", "total.txt"))
	if string(data) != "90" {
		t.Fatalf("total is %s", data)
	}
}

func TestGraphErrorsAreCaughtBeforeAnythingRuns(t *testing.T) {
	var nothing pipelines.Edge[numbers]
	cases := map[string]struct {
		build func(g *pipelines.Graph)
		want  string
	}{
		"two of one name": {func(g *pipelines.Graph) {
			pipelines.Add(g, "a", &makeNumbers{})
			pipelines.Add(g, "a", &makeNumbers{})
		}, `two stages are named "a"`},
		"bad name":      {func(g *pipelines.Graph) { pipelines.Add(g, "../a", &makeNumbers{}) }, `stage name "../a"`},
		"missing input": {func(g *pipelines.Graph) { pipelines.Add(g, "d", &double{}) }, "d: its input is missing"},
		"empty edge":    {func(g *pipelines.Graph) { pipelines.Add(g, "d", &double{}, nothing) }, "carries nothing"},
		"out of range":  {func(g *pipelines.Graph) { pipelines.Add(g, "a", &makeNumbers{N: -1}) }, "a: N = -1; want at least 0"},
		"nil stage":     {func(g *pipelines.Graph) { pipelines.Add(g, "a", (*makeNumbers)(nil)) }, "a: the stage is nil"},
		"nil element": {func(g *pipelines.Graph) {
			pipelines.Add(g, "e", pipelines.Each((*bright)(nil)), pipelines.Add(g, "p", &pictures{}))
		}, "e: the stage is nil"},
		"two inputs": {func(g *pipelines.Graph) {
			nums := pipelines.Add(g, "n", &makeNumbers{})
			pipelines.Add(g, "d", &double{}, nums, nums)
		}, "d: got 2 inputs by position, want 1 (further ones are fields of the stage)"},
		"input to a source": {func(g *pipelines.Graph) {
			pipelines.Add(g, "a", &back{}, pipelines.Port[pipelines.None](pipelines.Add(g, "n", &makeNumbers{}), ""))
		}, "a: reads nothing by position, but got an input"},
		"hidden field": {func(g *pipelines.Graph) {
			pipelines.Add(g, "e", pipelines.Each(&hidden{min: 3}), pipelines.Add(g, "p", &pictures{}))
		}, "e: field min is set but not exported"},
		"no JSON": {func(g *pipelines.Graph) {
			pipelines.Add(g, "e", pipelines.Each(&hidden{Keep: func() bool { return true }}), pipelines.Add(g, "p", &pictures{}))
		}, "e: its config cannot be written as JSON: json: unsupported type: func() bool"},
		"another graph": {func(g *pipelines.Graph) {
			other := pipelines.Add(pipelines.New("other"), "n", &makeNumbers{})
			pipelines.Add(g, "d", &double{}, other)
		}, "belongs to another graph"},
		"cycle": {func(g *pipelines.Graph) {
			s := &sum{}
			nums := pipelines.Add(g, "n", &makeNumbers{})
			d := pipelines.Add(g, "d", &double{}, nums)
			s.Numbers = d
			pipelines.Add(g, "s", s)
			loop := &back{}
			loop.From = pipelines.Add(g, "loop", loop)
		}, "cycle: loop <- loop"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := pipelines.New("bad", pipelines.Root(t.TempDir()))
			c.build(g)
			if err := g.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
		})
	}
}

type hidden struct {
	min  int
	Keep func() bool `json:",omitempty"`
}

func (h *hidden) ProcessElement(context.Context, *pipelines.Image, func(*pipelines.Image)) error {
	_ = h.min
	return nil
}

type back struct{ From pipelines.Edge[total] }

func (b *back) Run(context.Context, pipelines.Artifact[pipelines.None], *pipelines.Output[total]) error {
	return nil
}

func TestUnknownStageGetsAHint(t *testing.T) {
	g := sumGraph(t.TempDir(), 1, &double{Shards_: 1})
	_, err := runners.Run(t.Context(), g, runners.Options{Only: []string{"duble"}})
	if err == nil || !strings.Contains(err.Error(), `did you mean "double"?`) {
		t.Fatalf("got %v", err)
	}
}

func TestOnlyRunsAStageAndItsInputs(t *testing.T) {
	g := sumGraph(t.TempDir(), 1, &double{Shards_: 1})
	results, err := runners.Run(t.Context(), g, runners.Options{Only: []string{"double"}})
	if err != nil || states(results) != "numbers:ran double:ran" {
		t.Fatalf("got %s, %v", states(results), err)
	}
}

func TestOutThatIsAFile(t *testing.T) {
	root := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(root, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := run(t, sumGraph(root, 1, &double{Shards_: 1}), "direct"); err == nil || !strings.Contains(err.Error(), "is a file") {
		t.Fatalf("got %v", err)
	}
}
