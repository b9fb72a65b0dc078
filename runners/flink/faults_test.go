package flink_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/retort-ml/retort/internal/stagetest"
)

// TestFaults kills a worker, then a task manager, in each of four stages, and the
// launcher in a fifth.
func TestFaults(t *testing.T) {
	installed(t)
	images := stagetest.Folder(t, 24, 24, "across", "along", "both")
	graph := func(out string) []string { // trained so long that a checkpoint comes before the end
		return append(smoke(images, out), "--set", "pretrain.epochs=40", "--only", "label")
	}
	direct := filepath.Join(t.TempDir(), "direct")
	start(t, "retort", graph(direct)...).end(0)
	stages := []string{"ingest", "views", "pretrain", "label"}
	t.Run("worker", func(t *testing.T) {
		c := embedded(t)
		out := filepath.Join(t.TempDir(), "run")
		l := start(t, "retort", append(graph(out), c.on("PROCESS")...)...)
		for _, stage := range stages {
			pid := c.worker(l, out, stage)
			_ = syscall.Kill(pid, syscall.SIGKILL)
			t.Logf("%s: worker %d is killed", stage, pid)
		}
		wentOn(t, l.end(0))
		same(t, direct, out)
		noWorkers(t)
	})
	t.Run("task manager", func(t *testing.T) {
		c := standalone(t)
		out := filepath.Join(t.TempDir(), "run")
		l := start(t, "retort", append(graph(out), c.on("PROCESS")...)...)
		for i, stage := range stages {
			tm := c.taskManagerOf(c.worker(l, out, stage))
			if tm == "" {
				t.Fatal("no task manager has started the worker")
			}
			c.kill(tm, syscall.SIGKILL)
			c.taskManager(fmt.Sprint("tm", 3+i))
			t.Logf("%s: %s is killed, tm%d joins", stage, tm, 3+i)
		}
		wentOn(t, l.end(0))
		same(t, direct, out)
		noWorkers(t)
	})
	t.Run("launcher", func(t *testing.T) {
		c := embedded(t)
		out := filepath.Join(t.TempDir(), "run")
		l := start(t, "retort", append(graph(out), c.on("PROCESS")...)...)
		c.worker(l, out, "pretrain")
		_ = l.cmd.Process.Kill()
		_ = l.cmd.Wait()
		said := start(t, "retort", append(graph(out), c.on("PROCESS")...)...).end(0)
		if !strings.Contains(said, "goes on with job "+c.endpoint) && !strings.Contains(said, "pretrain        kept") {
			t.Errorf("it neither follows the job nor takes what it made:\n%s", said)
		}
		same(t, direct, out)
		noWorkers(t)
	})
}

// wentOn: the training was taken up from its checkpoint.
func wentOn(t *testing.T, said string) {
	t.Helper()
	if !regexp.MustCompile(`pretrain +goes on from step \d+ of \d+`).MatchString(said) {
		t.Errorf("pretrain began anew:\n%s", said)
	}
	t.Log(said)
}

// worker waits until a stage is at work, a training past its first checkpoint, and
// returns the process of its worker. (One that dies between its connections for
// control and for data is missed by Beam's runner after three minutes only.)
func (c *cluster) worker(l *launch, out, stage string) (pid int) {
	c.t.Helper()
	before := workers()
	if !l.until(stage) {
		c.t.Fatalf("the run ended before %s:\n%s", stage, &l.said)
	}
	signs := []string{".told/*.json", "manifest.json"}
	if stage == "pretrain" {
		signs = []string{".checkpoints/step-*.safetensors", "manifest.json"}
	}
	waitFor(c.t, stage+" has a worker at work", func() bool {
		atWork := slices.ContainsFunc(signs, func(sign string) bool {
			found, _ := filepath.Glob(filepath.Join(out, stage, sign))
			return len(found) > 0
		})
		for _, p := range workers() {
			if atWork && !slices.Contains(before, p) && c.taskManagerOf(p) != "" {
				pid = p
			}
		}
		return pid != 0
	})
	return pid
}
