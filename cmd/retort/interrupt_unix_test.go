//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// event is one line of retort run --json, as far as the tests read it.
type event struct {
	Event, Stage, State, Text, Error string
	Values                           map[string]float64
}

// process is a running retort run --json.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	pipe   *os.File // what out reads
	out    *bufio.Scanner
	stderr bytes.Buffer
	seen   []event
}

// start runs retort with a pipe so small that it waits for its reader: when a
// test has seen an event the program is at most a few events further.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	return startWith(t, func(*process) {}, args...)
}

func startWith(t *testing.T, prepare func(*process), args ...string) *process {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "linux" {
		const setPipeSize = 1031 // F_SETPIPE_SZ
		if _, err := unix.FcntlInt(w.Fd(), setPipeSize, 4096); err != nil {
			t.Logf("the pipe keeps its size: %v", err)
		}
	}
	p := &process{t: t, cmd: exec.Command("retort", args...), pipe: r, out: bufio.NewScanner(r)}
	p.out.Buffer(nil, 1<<20)
	p.cmd.Stdout, p.cmd.Stderr = w, &p.stderr
	prepare(p)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() { _ = p.cmd.Process.Kill(); r.Close() })
	return p
}

// next reads one event; false at the end.
func (p *process) next() (event, bool) {
	if !p.out.Scan() {
		return event{}, false
	}
	var e event
	if err := json.Unmarshal(p.out.Bytes(), &e); err != nil {
		p.t.Fatalf("no event: %v: %s", err, p.out.Bytes())
	}
	p.seen = append(p.seen, e)
	return e, true
}

// until reads events up to one that is wanted.
func (p *process) until(wanted moment) {
	p.t.Helper()
	for {
		e, ok := p.next()
		if !ok {
			p.t.Fatalf("the run ended before the moment came: %v\n%s", p.cmd.Wait(), p.stderr.String())
		}
		if wanted(e) {
			return
		}
	}
}

// stuck waits until the program waits for a reader of its events.
func (p *process) stuck() {
	p.t.Helper()
	fionread := uint(0x4004667f) // BSD, macOS
	if runtime.GOOS == "linux" {
		fionread = 0x541b
	}
	for before := -1; ; time.Sleep(200 * time.Millisecond) {
		unread, err := unix.IoctlGetInt(int(p.pipe.Fd()), fionread)
		if err != nil {
			p.t.Fatal(err)
		}
		if unread > 2048 && unread == before {
			return
		}
		before = unread
	}
}

// end reads to the end and returns the exit code, -1 for a killed process.
func (p *process) end() int {
	for {
		if _, ok := p.next(); !ok {
			break
		}
	}
	var failed *exec.ExitError
	if err := p.cmd.Wait(); err != nil && !errors.As(err, &failed) {
		p.t.Fatal(err)
	}
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) signal(s os.Signal) {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatal(err)
	}
}

func runArgs(images, out string) []string {
	return []string{"run", "--config", "testdata/config/tiny.yaml", "--images", images, "--out", out, "--json",
		"--set", "views.passes=3", "--set", "pretrain.epochs=10", "--set", "finetune.epochs=8", "--set", "baseline.epochs=8", "--set", "distill.epochs=10"}
}

func makeImages(t *testing.T, out string) {
	t.Helper()
	if text, err := exec.Command("retort", "synth", "--out", out, "--classes", "3", "--per-class", "12", "--size", "16").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}

// moment is an event at which a run is harmed.
type moment func(event) bool

func at(kind, stage string) moment {
	return func(e event) bool { return e.Event == kind && e.Stage == stage }
}

func atStep(stage string, step float64) moment {
	return func(e event) bool { return e.Event == "metric" && e.Stage == stage && e.Values["step"] >= step }
}

// harm sends s to a run at the moment, and waits for its end.
func harm(t *testing.T, s os.Signal, m moment, images, out string) *process {
	t.Helper()
	p := start(t, runArgs(images, out)...)
	p.until(m)
	p.signal(s)
	p.end()
	return p
}

// killWriting kills a run as soon as a file of the pattern appears below out.
func killWriting(t *testing.T, pattern, images, out string) (caught bool) {
	t.Helper()
	p := start(t, runArgs(images, out)...)
	ended := make(chan struct{})
	go func() { p.end(); close(ended) }()
	caught = appears(filepath.Join(out, pattern), ended)
	p.signal(syscall.SIGKILL)
	<-ended
	return caught
}

// appears waits for a file of the pattern; false where the run ends before.
func appears(pattern string, ended <-chan struct{}) bool {
	for {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return true
		}
		select {
		case <-ended:
			return false
		default:
			runtime.Gosched()
		}
	}
}

// TestHarmedRunGoesOn kills a run again and again, every time at a later
// moment, stops another one politely, kills a third one while files are half
// written, and lets them come to their ends at last: their artifacts are those
// of a run that nothing befell, byte for byte.
func TestHarmedRunGoesOn(t *testing.T) {
	images, whole := filepath.Join(t.TempDir(), "shapes"), filepath.Join(t.TempDir(), "whole")
	makeImages(t, images)
	finish(t, images, whole)
	t.Run("killed", func(t *testing.T) {
		out := filepath.Join(t.TempDir(), "run")
		resumed := map[string]bool{}
		for _, m := range []moment{
			at("start", "ingest"), at("finish", "ingest"), at("start", "split"), at("start", "views"), at("progress", "views"),
			at("start", "pretrain"), atStep("pretrain", 1), atStep("pretrain", 5), atStep("pretrain", 20), at("finish", "pretrain"),
			atStep("finetune", 7), atStep("baseline", 7), at("start", "label"), atStep("distill", 4), atStep("distill", 20),
			at("start", "evaluate"), at("metric", "evaluate"), at("start", "report"),
		} {
			noteResumed(resumed, harm(t, syscall.SIGKILL, m, images, out).seen)
		}
		finish(t, images, out)
		checkSame(t, whole, out)
		for _, stage := range []string{"pretrain", "finetune", "baseline", "distill"} {
			if !resumed[stage] {
				t.Errorf("%s never went on from a checkpoint", stage)
			}
		}
	})
	t.Run("damaged", func(t *testing.T) {
		out := filepath.Join(t.TempDir(), "run")
		harm(t, syscall.SIGKILL, atStep("pretrain", 20), images, out)
		flipLast(t, filepath.Join(out, "pretrain/.checkpoints/*.safetensors"))
		p := start(t, runArgs(images, out)...)
		if p.end() != codeDone {
			t.Fatal(p.stderr.String())
		}
		if !strings.Contains(p.stderr.String(), "passes over the checkpoint of step ") {
			t.Errorf("nothing tells of the damaged checkpoint:\n%s", p.stderr.String())
		}
		checkSame(t, whole, out)
	})
	t.Run("interrupted", func(t *testing.T) {
		out := filepath.Join(t.TempDir(), "run")
		for _, m := range []moment{at("start", "ingest"), at("start", "views"), atStep("pretrain", 11), atStep("distill", 7), at("start", "evaluate")} {
			checkStopped(t, harm(t, os.Interrupt, m, images, out))
		}
		finish(t, images, out)
		checkSame(t, whole, out)
	})
	t.Run("writing", func(t *testing.T) {
		out, caught := filepath.Join(t.TempDir(), "run"), 0
		for _, pattern := range []string{"ingest/.spill/*", "views/.tmp-*", "views/.shards/*", "pretrain/.checkpoints/.tmp-*", "distill/.tmp-*", "report/.tmp-*"} {
			stage, _, _ := strings.Cut(pattern, "/")
			if err := os.RemoveAll(filepath.Join(out, stage)); err != nil {
				t.Fatal(err)
			}
			if killWriting(t, pattern, images, out) {
				caught++
			}
		}
		finish(t, images, out)
		checkSame(t, whole, out)
		if t.Logf("caught %d times", caught); caught == 0 {
			t.Error("no file was ever caught half written")
		}
	})
}

// flipLast flips one bit of the last file, by name, that matches the pattern.
func flipLast(t *testing.T, pattern string) {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		t.Fatalf("nothing matches %s: %v", pattern, err)
	}
	path := found[len(found)-1]
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 4
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// finish runs the graph to its end.
func finish(t *testing.T, images, out string) {
	t.Helper()
	if p := start(t, runArgs(images, out)...); p.end() != codeDone {
		t.Fatal(p.stderr.String())
	}
}

func noteResumed(resumed map[string]bool, events []event) {
	for _, e := range events {
		if e.Event == "message" && strings.Contains(e.Text, "goes on from step") {
			resumed[e.Stage] = true
		}
	}
}

func checkSame(t *testing.T, a, b string) {
	t.Helper()
	differs, err := compareRuns(a, b)
	if err != nil {
		t.Fatal(err)
	}
	if len(differs) > 0 {
		t.Errorf("these differ from an uninterrupted run's: %v", differs)
	}
}

// checkStopped checks how a run ends that was asked to stop.
func checkStopped(t *testing.T, p *process) {
	t.Helper()
	if code := p.cmd.ProcessState.ExitCode(); code != codeFailed {
		t.Errorf("exit code %d, want %d", code, codeFailed)
	}
	for _, want := range []string{"stopping: ", "retort: stopped; the next \"retort run\" of the same command goes on from here\n"} {
		if !strings.Contains(p.stderr.String(), want) {
			t.Errorf("stderr does not say %q:\n%s", want, p.stderr.String())
		}
	}
	if last := p.seen[len(p.seen)-1]; last.Event != "failed" || !strings.HasPrefix(last.Error, "stopped") {
		t.Errorf("the last event is %+v", last)
	}
}

// TestSecondInterruptQuitsAtOnce stops a program that cannot finish: nobody
// reads its events.
func TestSecondInterruptQuitsAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	images := filepath.Join(dir, "shapes")
	makeImages(t, images)
	r, w := io.Pipe()
	p := startWith(t, func(p *process) { p.cmd.Stderr = w }, runArgs(images, filepath.Join(dir, "run"))...)
	p.until(atStep("pretrain", 1))
	p.stuck()
	p.signal(os.Interrupt)
	said := bufio.NewScanner(r)
	for said.Scan() && !strings.Contains(said.Text(), "stopping: ") {
	}
	go io.Copy(io.Discard, r)
	ended := make(chan error, 1)
	go func() { ended <- p.cmd.Wait() }()
	for {
		select {
		case <-ended:
			if s, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !s.Signaled() || s.Signal() != syscall.SIGINT {
				t.Errorf("ended as %v, want by the signal", p.cmd.ProcessState)
			}
			return
		default:
			p.signal(os.Interrupt)
			// a storm of signals overflows the stack on which Go's runtime dies of one
			time.Sleep(20 * time.Millisecond)
		}
	}
}

func TestSecondRunOfAFolderIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	images, out := filepath.Join(dir, "shapes"), filepath.Join(dir, "run")
	makeImages(t, images)
	p := start(t, runArgs(images, out)...)
	p.until(atStep("pretrain", 1)) // and then it waits for us
	text, err := exec.Command("retort", runArgs(images, out)...).CombinedOutput()
	if err == nil || !strings.Contains(string(text), "is in use by another run, pid ") {
		t.Errorf("got %v: %s", err, text)
	}
}
