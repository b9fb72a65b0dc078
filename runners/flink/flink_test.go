package flink_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
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
	said bytes.Buffer
	out  *bufio.Scanner
}

// start starts one of the installed programs, or of those of TestMain.
func start(t *testing.T, program string, args ...string) *launch {
	t.Helper()
	if at := filepath.Join(installed(t), "bin", program); exists(at) {
		program = at
	}
	l := &launch{t: t, cmd: exec.Command(program, append(append([]string{"run"}, args...), "--json")...)}
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
	return []string{"--runner", "flink", "--endpoint", c.endpoint, "--environment", environment, "--parallelism", "2"}
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
				start(t, "retort", append(smoke(images, out), c.on(environment)...)...).end(0)
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

// TestFaults kills a worker, then a task manager, in each of four stages, and the
// launcher in a fifth.
func TestFaults(t *testing.T) {
	installed(t)
	images := stagetest.Folder(t, 24, 24, "across", "along", "both")
	direct := filepath.Join(t.TempDir(), "direct")
	start(t, "retort", smoke(images, direct)...).end(0)
	stages := []string{"ingest", "views", "pretrain", "label"}
	t.Run("worker", func(t *testing.T) {
		c := embedded(t)
		out := filepath.Join(t.TempDir(), "run")
		l := start(t, "retort", append(smoke(images, out), c.on("PROCESS")...)...)
		for _, stage := range stages {
			pid := c.worker(l, stage)
			_ = syscall.Kill(pid, syscall.SIGKILL)
			t.Logf("%s: worker %d is killed", stage, pid)
		}
		l.end(0)
		same(t, direct, out)
		noWorkers(t)
	})
	t.Run("task manager", func(t *testing.T) {
		c := standalone(t)
		direct, out := filepath.Join(t.TempDir(), "direct"), filepath.Join(t.TempDir(), "run")
		start(t, "retort", append(smoke(images, direct), "--only", "label")...).end(0)
		l := start(t, "retort", append(append(smoke(images, out), "--only", "label"), c.on("PROCESS")...)...)
		for i, stage := range stages {
			tm := c.taskManagerOf(c.worker(l, stage))
			if tm == "" {
				t.Fatal("no task manager has started the worker")
			}
			c.kill(tm, syscall.SIGKILL)
			c.taskManager(fmt.Sprint("tm", 3+i))
			t.Logf("%s: %s is killed, tm%d joins", stage, tm, 3+i)
		}
		l.end(0)
		same(t, direct, out)
		noWorkers(t)
	})
	t.Run("launcher", func(t *testing.T) {
		c := embedded(t)
		out := filepath.Join(t.TempDir(), "run")
		l := start(t, "retort", append(smoke(images, out), c.on("PROCESS")...)...)
		c.worker(l, "pretrain")
		_ = l.cmd.Process.Kill()
		_ = l.cmd.Wait()
		said := start(t, "retort", append(smoke(images, out), c.on("PROCESS")...)...).end(0)
		if !strings.Contains(said, "goes on with job "+c.endpoint) && !strings.Contains(said, "pretrain        kept") {
			t.Errorf("it neither follows the job nor takes what it made:\n%s", said)
		}
		same(t, direct, out)
		noWorkers(t)
	})
}

// worker waits until a stage has one, and returns its process.
func (c *cluster) worker(l *launch, stage string) (pid int) {
	c.t.Helper()
	noWorkersOf := workers()
	if !l.until(stage) {
		c.t.Fatalf("the run ended before %s:\n%s", stage, &l.said)
	}
	waitFor(c.t, stage+" has a worker", func() bool {
		for _, p := range workers() {
			if !slices.Contains(noWorkersOf, p) && c.taskManagerOf(p) != "" {
				pid = p
			}
		}
		return pid != 0
	})
	time.Sleep(100 * time.Millisecond) // it begins to work
	return pid
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
