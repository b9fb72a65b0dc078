package flink_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/retort-ml/retort/internal/stagetest"
	"github.com/retort-ml/retort/internal/storetest"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/pipelines/config"
	"github.com/retort-ml/retort/runners/program"
	"github.com/retort-ml/retort/transforms/ingest"
)

// Failing is an element-wise stage that fails on one image.
type Failing struct{ Name string }

// ProcessElement is the stage's work.
func (f *Failing) ProcessElement(_ context.Context, m *pipelines.Image, emit func(*pipelines.Image)) error {
	if strings.HasSuffix(m.Ref.URI+m.Ref.Name, f.Name) {
		return errors.New("failed as asked")
	}
	emit(m)
	return nil
}

func init() { pipelines.Register(pipelines.Each(&Failing{})) }

type failingConfig struct {
	Images []string `yaml:"images" flag:"images" doc:"images"`
}

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"failing": func() {
		program.Main("failing", config.Of(failingConfig{}), func(g *pipelines.Graph, c failingConfig) error {
			images := pipelines.Add(g, "ingest", &ingest.Images{Source: c.Images, Labels: "folder"})
			pipelines.Add(g, "fails", pipelines.Each(&Failing{Name: ".jpg"}), images)
			return nil
		})
	}})
}

// launch is a run of a program.
type launch struct {
	t    *testing.T
	cmd  *exec.Cmd
	said said
	out  *bufio.Scanner
}

// said is what a program has said so far.
type said struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// start starts one of the installed programs, or of those of TestMain.
func start(t *testing.T, program string, args ...string) *launch {
	t.Helper()
	return startWith(t, program, nil, args...)
}

// startWith starts one with more open files.
func startWith(t *testing.T, program string, open []*os.File, args ...string) *launch {
	t.Helper()
	if at := filepath.Join(installed(t), "bin", program); exists(at) {
		program = at
	}
	l := &launch{t: t, cmd: exec.Command(program, append(append([]string{"run"}, args...), "--json")...)}
	l.cmd.ExtraFiles = open
	l.cmd.Stderr = &l.said
	pipe, err := l.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	l.out = bufio.NewScanner(pipe)
	l.out.Buffer(nil, 1<<20)
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.cmd.Process.Kill() })
	return l
}

// made runs one of the other commands of retort.
func made(t *testing.T, args ...string) {
	t.Helper()
	if text, err := exec.Command(filepath.Join(installed(t), "bin", "retort"), args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

// until reads events until a stage starts; false at the end.
func (l *launch) until(stage string) bool {
	for l.out.Scan() {
		var e struct{ Event, Stage string }
		if json.Unmarshal(l.out.Bytes(), &e) == nil && e.Event == "start" && e.Stage == stage {
			return true
		}
	}
	return false
}

// end reads to the end and returns what was said; the exit code has to be code.
func (l *launch) end(code int) string {
	l.t.Helper()
	for l.out.Scan() {
	}
	_ = l.cmd.Wait()
	if got := l.cmd.ProcessState.ExitCode(); got != code {
		l.t.Fatalf("exit code %d, want %d:\n%s", got, code, &l.said)
	}
	return l.said.String()
}

// on are the flags of a cluster.
func (c *cluster) on(environment string) []string {
	return []string{"--runner", c.runner, "--endpoint", c.endpoint, "--environment", environment, "--parallelism", "2"}
}

// smoke is the smoke graph on images, large enough that every stage takes a moment.
func smoke(images, out string) []string {
	return []string{"--preset", "smoke", "--images", images, "--labels", "folder", "--out", out, "--set", "size=16", "--set", "views.passes=2",
		"--set", "pretrain.epochs=6", "--set", "pretrain.checkpoint_every=2"}
}

// TestSmokeGraph is byte-identical to the direct runner's, on disk and in a bucket.
func TestSmokeGraph(t *testing.T) {
	installed(t)
	images := stagetest.Folder(t, 24, 12, "across", "along", "both")
	direct := filepath.Join(t.TempDir(), "direct")
	start(t, "retort", smoke(images, direct)...).end(0)
	in := storetest.Bucket(t, "gs")
	upload(t, images, in("images"))
	start(t, "retort", smoke(in("images"), in("direct"))...).end(0)
	for name, begin := range map[string]func(*testing.T) *cluster{"embedded": embedded, "cluster": standalone} {
		t.Run(name, func(t *testing.T) {
			c := begin(t)
			for _, environment := range []string{"LOOPBACK", "PROCESS"} {
				began := time.Now()
				out := filepath.Join(t.TempDir(), environment)
				t.Log(start(t, "retort", append(smoke(images, out), c.on(environment)...)...).end(0))
				same(t, direct, out)
				start(t, "retort", append(smoke(in("images"), in(name+environment)), c.on(environment)...)...).end(0)
				same(t, in("direct"), in(name+environment))
				t.Logf("%s: twice the graph in %.0f s", environment, time.Since(began).Seconds())
			}
			noWorkers(t)
		})
	}
}

func upload(t *testing.T, folder, url string) {
	t.Helper()
	to, err := blob.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	from := blob.Local(folder)
	for info, err := range from.List("") {
		if err != nil {
			t.Fatal(err)
		}
		data, err := from.ReadFile(info.Name)
		if err == nil {
			err = to.WriteFile(info.Name, data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestThreeFailures end a stage, though Flink would try more often, with stage,
// shard and cause, and no stack.
func TestThreeFailures(t *testing.T) {
	c := embedded(t)
	images := stagetest.Folder(t, 24, 2, "a", "b")
	for _, environment := range []string{"LOOPBACK", "PROCESS"} {
		said := start(t, "failing", append([]string{"--images", images, "--out", filepath.Join(t.TempDir(), "run")}, c.on(environment)...)...).end(1)
		last := said[strings.LastIndex(strings.TrimSpace(said), "\n")+1:]
		for _, want := range []string{"failing: fails: shard 0: ", "failed as asked", "it failed 3 times"} {
			if !strings.Contains(last, want) {
				t.Errorf("%s: no %q in the last line of\n%s", environment, want, said)
			}
		}
		if strings.Contains(said, "Exception") || strings.Contains(said, "\tat ") {
			t.Errorf("%s: Java speaks:\n%s", environment, said)
		}
	}
	noWorkers(t)
}

// TestExamples: stages and objectives of other programs run there too.
func TestExamples(t *testing.T) {
	c := embedded(t)
	images := stagetest.Folder(t, 24, 12, "across", "along", "both")
	for _, program := range []string{"sharp", "barlowtwins"} {
		t.Run(program, func(t *testing.T) {
			direct, out := filepath.Join(t.TempDir(), "direct"), filepath.Join(t.TempDir(), "flink")
			start(t, program, smoke(images, direct)...).end(0)
			start(t, program, append(smoke(images, out), c.on("PROCESS")...)...).end(0)
			same(t, direct, out)
		})
	}
	noWorkers(t)
}
