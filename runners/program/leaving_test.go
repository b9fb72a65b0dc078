package program_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/retort-ml/retort/internal/stagetest"
)

// TestSecondInterruptLeavesTheJob, and says how to come back to it: here the job
// server does not answer to the first.
func TestSecondInterruptLeavesTheJob(t *testing.T) {
	needsProc(t)
	endpoint, server := jobServer(t)
	images, out := stagetest.Folder(t, 16, 3, "a", "b"), filepath.Join(t.TempDir(), "run")
	args := []string{"--images", images, "--out", out, "--set", "do.what=slow", "--runner", "portable", "--endpoint", endpoint, "--environment", "PROCESS"}
	r := runSmall(t, args...)
	atWork(t, out)
	_ = server.Process.Signal(syscall.SIGSTOP)
	_ = r.Process.Signal(syscall.SIGINT)
	waitFor(t, "the job is being cancelled", func() bool { return strings.Contains(r.said.String(), "cancels job "+endpoint+"/") })
	_ = r.Process.Signal(syscall.SIGINT)
	r.end(t, 1, "leaves job "+endpoint+"/", `which may still be at work; "small run" of the same command comes back to it`)
	if _, err := os.Stat(filepath.Join(out, "count", ".job.json")); err != nil {
		t.Error("the folder does not name its job: ", err)
	}
	_ = server.Process.Signal(syscall.SIGCONT)
	runSmall(t, args...).end(t, 0, "stages ran in")
	if n, err := os.ReadFile(filepath.Join(out, "count", "n.txt")); err != nil || string(n) != "6\n" {
		t.Errorf("%q, %v", n, err)
	}
}

// unseen opens a folder in cmd in such a way that no other process sees it by the
// path that is returned: to a worker it is a folder of another machine.
func unseen(t *testing.T, cmd *exec.Cmd) (path string) {
	t.Helper()
	folder, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { folder.Close() })
	const fd = 200 // which no worker comes to
	cmd.ExtraFiles = make([]*os.File, fd-2)
	cmd.ExtraFiles[fd-3] = folder
	return fmt.Sprintf("/proc/self/fd/%d", fd)
}

// TestFolderThatWorkersDoNotSee is an error that says so.
func TestFolderThatWorkersDoNotSee(t *testing.T) {
	needsProc(t)
	endpoint, _ := jobServer(t)
	r := &smallRun{Cmd: exec.Command("small")}
	r.Stderr = &r.said
	out := unseen(t, r.Cmd) + "/run"
	r.Args = []string{"small", "run", "--images", stagetest.Folder(t, 16, 1, "a"), "--out", out, "--runner", "portable", "--endpoint", endpoint, "--environment", "PROCESS"}
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	r.end(t, 1, "small: ingest: the run's folder "+out+"/ingest is not on this worker's machine (give --out a folder that all machines share, or a store: gs://, s3://)\n")
}
