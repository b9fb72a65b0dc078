package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/retort-ml/retort/internal/crash"
)

// crashEnv arms a crash point in the program under test, and in it alone: what
// people install never looks at it.
const crashEnv = "RETORT_CRASH"

// crashAt runs the graph and lets it die at the n-th passing of a point. It
// reports whether it came there.
func crashAt(t *testing.T, point crash.Point, n int, args []string) (died bool) {
	t.Helper()
	cmd := exec.Command("retort", args...)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s:%d", crashEnv, point, n))
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return false
	case errors.As(err, &exit) && (exit.ExitCode() == -1 || exit.ExitCode() == 137):
		return true
	}
	t.Fatalf("%s:%d: %v\n%s", point, n, err, text)
	return false
}

// TestCrashedRunIsFinishedByTheNext kills the program at every named point, run
// after run each time a little later, until it comes through. What it has made
// then is what an undisturbed run makes, byte for byte. It begins on a folder in
// which every stage has to be redone, so that old artifacts are cleared too.
func TestCrashedRunIsFinishedByTheNext(t *testing.T) {
	dir := t.TempDir()
	images, whole, old := filepath.Join(dir, "shapes"), filepath.Join(dir, "whole"), filepath.Join(dir, "old")
	makeImages(t, images)
	args := func(out string) []string { return crashArgs(images, out) }
	for _, run := range [][]string{args(whole), append(args(old), "--seed", "7")} {
		if text, err := exec.Command("retort", run...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
	}
	for _, point := range crash.Points {
		t.Run(string(point), func(t *testing.T) {
			t.Parallel()
			out := filepath.Join(t.TempDir(), "run")
			if err := os.CopyFS(out, os.DirFS(old)); err != nil {
				t.Fatal(err)
			}
			deaths := 0
			for crashAt(t, point, 1+2*deaths, args(out)) {
				if deaths++; deaths == 100 {
					t.Fatal("the runs get nowhere")
				}
			}
			if deaths == 0 {
				t.Error("no run ever came to this point")
			}
			t.Logf("died %d times", deaths)
			checkSame(t, whole, out)
		})
	}
}

func crashArgs(images, out string) []string {
	return []string{"run", "--config", "testdata/config/tiny.yaml", "--images", images, "--out", out, "--set", "views.passes=2"}
}
