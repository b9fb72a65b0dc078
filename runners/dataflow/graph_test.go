package dataflow_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/retort-ml/retort/internal/stagetest"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/pipelines/simclrv2"
	"github.com/retort-ml/retort/runners"
	"github.com/retort-ml/retort/runners/dataflow"
	"github.com/retort-ml/retort/runners/program"
)

// files are what a run left, but for those that measure time.
func files(t *testing.T, root string) map[string][]byte {
	t.Helper()
	dir, err := blob.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]byte{}
	for info, err := range dir.List("") {
		if err != nil {
			t.Fatal(err)
		}
		if found[info.Name], err = dir.ReadFile(info.Name); err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// copyTo copies the files of a folder into a bucket.
func copyTo(t *testing.T, folder, url string) {
	t.Helper()
	from, to := blob.Local(folder), files(t, folder)
	dir, err := blob.Open(url)
	if err != nil {
		t.Fatal(err, from)
	}
	for name, data := range to {
		if err := dir.WriteFile(name, data); err != nil {
			t.Fatal(err)
		}
	}
}

// timed are files that no two runs have alike.
func timed(name string) bool {
	return strings.HasPrefix(name, "report/") || strings.HasSuffix(name, "timings.json") || strings.Contains(name, "/events/")
}

// TestSmokeGraph: the whole graph by jobs that a fake of Dataflow takes, reads from
// a fake bucket and has done by Prism, leaves the bytes that the direct runner does.
func TestSmokeGraph(t *testing.T) {
	f := dataflow.NewFake(t)
	copyTo(t, stagetest.Folder(t, 24, 12, "across", "along", "both"), f.Bucket("images"))
	c, err := simclrv2.Load("smoke", "", []string{"images=" + f.Bucket("images"), "labels=folder"})
	if err != nil {
		t.Fatal(err)
	}
	direct, there := f.Bucket("direct"), f.Bucket("there")
	if _, err := runners.Run(t.Context(), build(t, c, direct, "auto"), runners.Options{}); err != nil {
		t.Fatal(err)
	}
	r := f.Runner()
	r.Accelerator, r.AcceleratorImage = "type=nvidia-l4,count=1", "europe-docker.pkg.dev/p/r/cuda:1"
	results, err := runners.Run(t.Context(), build(t, c, there, "auto"), runners.Options{Runner: r})
	if err != nil {
		t.Fatal(err)
	}
	want, got := files(t, direct), files(t, there)
	if len(got) != len(want) || len(got) < 30 {
		t.Errorf("%d files, directly %d", len(got), len(want))
	}
	for name, data := range want {
		if !timed(name) && !bytes.Equal(got[name], data) {
			t.Errorf("%s differs from the direct runner's", name)
		}
	}
	for name, data := range got {
		if bytes.Contains(data, []byte(dataflow.Secret)) {
			t.Errorf("%s holds the credentials", name)
		}
	}
	check(t, f, results)
}

func build(t *testing.T, c simclrv2.Config, root, computes string) *pipelines.Graph {
	t.Helper()
	g, err := simclrv2.Build(c, root, computes)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// check asserts on the jobs: together they hold every stage once, and an
// accelerator goes to those that train or label, and to no other.
func check(t *testing.T, f dataflow.Fake, results []pipelines.Result) {
	t.Helper()
	compute := []string{"pretrain", "finetune", "baseline", "label", "distill", "evaluate"}
	seen := map[string]int{}
	for _, job := range f.Jobs() {
		p := f.Pipeline(job)
		gpu := dataflow.HintsOf(t, p)["accelerator"] != ""
		for _, id := range p.RootTransformIds {
			stage, _, _ := strings.Cut(p.Components.Transforms[id].UniqueName, "/")
			if seen[stage]++; slices.Contains(compute, stage) != gpu {
				t.Errorf("job %s: stage %s, accelerator %v", job.Name, stage, gpu)
			}
			parts := []string{"plan", "shard", "commit"}
			switch stage { // whose shards come in phases, each a transform
			case "ingest":
				parts = []string{"walk", "list", "check", "order", "write", "commit"}
			case "evaluate":
				parts = []string{"known", "predict", "teacher", "commit"}
			case "split":
				parts = []string{"count", "look", "roles", "write", "commit"}
			}
			for _, part := range parts {
				if !slices.ContainsFunc(p.Components.Transforms[id].Subtransforms, func(id string) bool {
					return p.Components.Transforms[id].UniqueName == stage+"/"+part
				}) {
					t.Errorf("job %s has no transform %s/%s", job.Name, stage, part)
				}
			}
		}
	}
	for _, r := range results {
		if seen[r.Name] != 1 {
			t.Errorf("stage %s is in %d jobs", r.Name, seen[r.Name])
		}
	}
	if n := len(f.Jobs()); n >= len(results)-3 {
		t.Errorf("%d jobs for %d stages", n, len(results))
	}
}

type text struct{}

// Says writes a file, or waits, or fails.
type Says struct {
	Text string
	From pipelines.Edge[text]
}

func (s *Says) Run(ctx context.Context, _ pipelines.Artifact[pipelines.None], out *pipelines.Output[text]) error {
	switch s.Text {
	case "fail":
		return errors.New("failed as asked")
	case "wait":
		<-ctx.Done()
		return ctx.Err()
	}
	return out.WriteFile("text.txt", []byte(s.Text))
}

func init() { pipelines.Register(&Says{}) }

func says(root string, texts ...string) *pipelines.Graph {
	g := pipelines.New("says", pipelines.Root(root))
	var last pipelines.Edge[text]
	for i, s := range texts {
		last = pipelines.Add(g, string(rune('a'+i)), &Says{s, last})
	}
	return g
}

// TestStageFails: the error is the stage's own, and what came before it is kept.
func TestStageFails(t *testing.T) {
	f := dataflow.NewFake(t)
	root := f.Bucket("run")
	_, err := runners.Run(t.Context(), says(root, "one", "fail"), runners.Options{Runner: f.Runner()})
	if err == nil || err.Error() != "b: failed as asked" {
		t.Errorf("got %v", err)
	}
	results, err := runners.Run(t.Context(), says(root, "one", "two"), runners.Options{Runner: f.Runner()})
	if err != nil || results[0].State != pipelines.Keep {
		t.Errorf("mended: %v, %v", results, err)
	}
}

// TestStopsAndComesBack: Ctrl-C cancels the job; a launcher that is gone leaves one
// that the next finds.
func TestStopsAndComesBack(t *testing.T) {
	f := dataflow.NewFake(t)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	if _, err := runners.Run(ctx, says(f.Bucket("run"), "wait"), runners.Options{Runner: f.Runner()}); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	dir, err := blob.Open(f.Bucket("run"))
	if err != nil {
		t.Fatal(err)
	}
	if there, _ := dir.Exists("a/.job.json"); there {
		t.Error("a cancelled job holds the folder")
	}
	n := len(f.Jobs())
	if _, err := runners.Run(t.Context(), says(f.Bucket("run"), "one", "two"), runners.Options{Runner: f.Runner()}); err != nil || len(f.Jobs()) != n+1 {
		t.Errorf("%v, %d jobs", err, len(f.Jobs())-n)
	}
}

// TestDryRun shows the jobs and starts none.
func TestDryRun(t *testing.T) {
	f := dataflow.NewFake(t)
	r := f.Runner()
	r.DryRun = true
	var events, out bytes.Buffer
	run := program.Run{Graph: says(f.Bucket("run"), "one", "two"), On: r, Err: io.Discard, Out: &out, Events: &events, Again: "retort run"}
	if err := run.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := run.Follow(t.Context(), nil); err != nil { // as a sweep does
		t.Fatal(err)
	}
	if err := run.Graph.Preview(t.Context(), r, nil, "c"); err == nil {
		t.Error("a stage that there is not")
	}
	if n := strings.Count(out.String(), `"projectId"`); n != 2 || len(f.Jobs()) != 0 || len(files(t, f.Bucket(""))) != 0 {
		t.Errorf("%d jobs shown, %d started:\n%s", n, len(f.Jobs()), &out)
	}
	if _, err := runners.Run(t.Context(), run.Graph, runners.Options{Runner: r}); err == nil || !strings.Contains(err.Error(), "none is started") {
		t.Errorf("run in spite of it: %v", err)
	}
}

// TestWhatCannotRunThere is told before anything is staged.
func TestWhatCannotRunThere(t *testing.T) {
	f := dataflow.NewFake(t)
	_, err := runners.Run(t.Context(), says(t.TempDir(), "one"), runners.Options{Runner: f.Runner()})
	if err == nil || !strings.Contains(err.Error(), "workers of Dataflow do not reach this machine's files (want --out gs://BUCKET/FOLDER)") {
		t.Errorf("a folder: %v", err)
	}
	c, err := simclrv2.Load("smoke", "", []string{"images=" + stagetest.Folder(t, 24, 2, "x", "y"), "labels=folder"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = runners.Run(t.Context(), build(t, c, f.Bucket("run"), "auto"), runners.Options{Runner: f.Runner()})
	if err == nil || !strings.Contains(err.Error(), "ingest: it reads ") || !strings.Contains(err.Error(), "which lies on this machine") {
		t.Errorf("images: %v", err)
	}
	c.Images = []string{f.Bucket("images")}
	copyTo(t, stagetest.Folder(t, 24, 2, "x", "y"), f.Bucket("images"))
	if _, err = runners.Run(t.Context(), build(t, c, f.Bucket("run"), "xla:cuda"), runners.Options{Runner: f.Runner()}); err == nil || !strings.Contains(err.Error(), "needs an accelerator") {
		t.Errorf("an accelerator: %v", err)
	}
	if len(f.Jobs()) > 0 {
		t.Error("jobs were started")
	}
}
