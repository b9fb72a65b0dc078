package flink_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/retort-ml/retort/internal/stagetest"
)

// TestLeaving: a second Ctrl-C, here while the job server does not answer to the
// first, leaves the job and says how to come back; the same command does.
func TestLeaving(t *testing.T) {
	c := embedded(t)
	images := stagetest.Folder(t, 24, 24, "across", "along", "both")
	graph := func(out string) []string {
		return append(smoke(images, out), "--set", "pretrain.epochs=40", "--only", "pretrain")
	}
	direct, out := filepath.Join(t.TempDir(), "direct"), filepath.Join(t.TempDir(), "run")
	start(t, "retort", graph(direct)...).end(0)
	l := start(t, "retort", append(graph(out), c.on("PROCESS")...)...)
	c.worker(l, out, "pretrain")
	server := c.processes["jobserver"].Process
	_ = server.Signal(syscall.SIGSTOP)
	_ = l.cmd.Process.Signal(os.Interrupt)
	waitFor(t, "the job is being cancelled", func() bool { return strings.Contains(l.said.String(), "cancels job "+c.endpoint) })
	_ = l.cmd.Process.Signal(os.Interrupt)
	said := l.end(1)
	_ = server.Signal(syscall.SIGCONT)
	if !strings.Contains(said, "leaves job "+c.endpoint) || !strings.Contains(said, `"retort run" of the same command comes back to it`) {
		t.Error(said)
	}
	t.Log(start(t, "retort", append(graph(out), c.on("PROCESS")...)...).end(0))
	same(t, direct, out)
	noWorkers(t)
}

// TestInterrupt: Ctrl-C cancels the job and leaves no worker; the next run goes on.
func TestInterrupt(t *testing.T) {
	c := embedded(t)
	images := stagetest.Folder(t, 24, 24, "across", "along", "both")
	out := filepath.Join(t.TempDir(), "run")
	args := append(append(smoke(images, out), "--set", "pretrain.epochs=400", "--only", "pretrain"), c.on("PROCESS")...)
	l := start(t, "retort", args...)
	c.worker(l, out, "pretrain")
	_ = l.cmd.Process.Signal(os.Interrupt)
	if said := l.end(1); !strings.Contains(said, "cancels job "+c.endpoint) || !strings.Contains(said, `retort: stopped; the next "retort run" of the same command goes on from here`) {
		t.Error(said)
	}
	noWorkers(t)
	if exists(filepath.Join(out, "pretrain", ".job.json")) {
		t.Error("the folder is still a job's")
	}
}

// TestFolderThatWorkersDoNotSee is an error that says so, once Flink has given up: no
// worker can tell it by the folder. The path is of an open file of the launcher's.
func TestFolderThatWorkersDoNotSee(t *testing.T) {
	c := embedded(t)
	folder, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	const fd = 200
	open := make([]*os.File, fd-2)
	open[fd-3] = folder
	out := fmt.Sprintf("/proc/self/fd/%d/run", fd)
	said := startWith(t, "retort", open, append(smoke(stagetest.Folder(t, 16, 2, "a", "b"), out), c.on("PROCESS")...)...).end(1)
	if !strings.Contains(said, "retort: ingest: the run's folder "+out+"/ingest is not on this worker's machine (give --out a folder that all machines share, or a store: gs://, s3://)\n") || strings.Contains(said, "Exception") {
		t.Error(said)
	}
}
