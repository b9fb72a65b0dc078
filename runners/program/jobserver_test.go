package program_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"

	"github.com/retort-ml/retort/internal/stagetest"
)

// prismServer is a job server in a process of its own, at the port of its first argument.
func prismServer() {
	port, _ := strconv.Atoi(os.Args[1])
	if _, err := prism.CreateJobServer(context.Background(), prism.Options{Port: port}); err != nil {
		panic(err)
	}
	select {}
}

// jobServer starts one and returns its address.
func jobServer(t *testing.T) (endpoint string, server *exec.Cmd) {
	t.Helper()
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	server = exec.Command("prism-server", strconv.Itoa(port))
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait(); noWorkers(t) })
	return fmt.Sprint("localhost:", port), server
}

// workers are the processes that run the program small as a worker.
func workers(t *testing.T) (pids []int) {
	t.Helper()
	bin, err := exec.LookPath("small")
	if err != nil {
		t.Fatal(err)
	}
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range lines {
		data, err := os.ReadFile(path)
		if args := strings.Split(string(data), "\x00"); err == nil && args[0] == bin && bytes.Contains(data, []byte("_endpoint=")) {
			pid, _ := strconv.Atoi(strings.Split(path, "/")[2])
			pids = append(pids, pid)
		}
	}
	return pids
}

// noWorkers waits until all of them have ended.
func noWorkers(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(time.Minute); len(workers(t)) > 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("workers are left: %v", workers(t))
		}
	}
}

type smallRun struct {
	*exec.Cmd
	said said
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

func runSmall(t *testing.T, args ...string) *smallRun {
	t.Helper()
	r := &smallRun{Cmd: exec.Command("small", append([]string{"run"}, args...)...)}
	r.Stderr = &r.said
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Process.Kill() })
	return r
}

func (r *smallRun) end(t *testing.T, code int, want ...string) {
	t.Helper()
	_ = r.Wait()
	if got := r.ProcessState.ExitCode(); got != code {
		t.Errorf("exit code %d, want %d", got, code)
	}
	for _, w := range want {
		if !strings.Contains(r.said.String(), w) {
			t.Errorf("it does not say %q:\n%s", w, &r.said)
		}
	}
}

// TestJobServer: a job server of its own gives the same bytes, whoever starts the
// workers; relative paths mean what they mean here.
func TestJobServer(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.CopyFS("photos", os.DirFS(stagetest.Folder(t, 16, 3, "a", "b"))); err != nil {
		t.Fatal(err)
	}
	endpoint, _ := jobServer(t)
	runSmall(t, "--images", "photos", "--out", "direct").end(t, 0)
	pool := freePool(t)
	for name, where := range map[string][]string{
		"LOOPBACK": nil,
		"PROCESS":  {"--environment", "PROCESS", "--parallelism", "2"},
		"EXTERNAL": {"--environment", "EXTERNAL", "--environment-config", pool},
	} {
		t.Run(name, func(t *testing.T) {
			runSmall(t, append([]string{"--images", "photos", "--out", name, "--runner", "portable", "--endpoint", endpoint}, where...)...).end(t, 0, "3 stages ran", "by process ")
			for _, file := range []string{"ingest/manifest.json", "large/manifest.json", "count/n.txt"} {
				a, err := os.ReadFile(filepath.Join("direct", file))
				if err != nil {
					t.Fatal(err)
				}
				if b, err := os.ReadFile(filepath.Join(name, file)); err != nil || !bytes.Equal(a, b) {
					t.Errorf("%s differs: %v", file, err)
				}
			}
			if left, _ := filepath.Glob(filepath.Join(name, "*", ".*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func freePool(t *testing.T) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	address = l.Addr().String()
	l.Close()
	pool := exec.Command("small", "--worker_pool="+address)
	if err := pool.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Process.Signal(os.Interrupt); _ = pool.Wait() })
	return address
}

func needsProc(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("it looks for processes in /proc")
	}
}

// waitFor waits until something holds.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain until ", what)
		}
	}
}

// atWork waits until a job works on the stage count.
func atWork(t *testing.T, out string) {
	t.Helper()
	waitFor(t, "count is at work", func() bool {
		data, _ := os.ReadFile(filepath.Join(out, "count", ".job.json"))
		return bytes.Contains(data, []byte(`"job":`)) && len(workers(t)) > 0
	})
}

// TestLauncherComesBack: a job goes on without its launcher, and the next run of
// the command follows it to its end. One for another config does not touch it.
func TestLauncherComesBack(t *testing.T) {
	needsProc(t)
	endpoint, _ := jobServer(t)
	images, out := stagetest.Folder(t, 16, 3, "a", "b"), filepath.Join(t.TempDir(), "run")
	args := []string{"--images", images, "--out", out, "--set", "do.what=slow", "--runner", "portable", "--endpoint", endpoint, "--environment", "PROCESS"}
	first := runSmall(t, args...)
	atWork(t, out)
	_ = first.Process.Kill()
	_ = first.Wait()
	runSmall(t, append(args, "--set", "do.what=wait")...).end(t, 1, "is at work on it for another config")
	runSmall(t, args...).end(t, 0, "goes on with job "+endpoint+"/", "stages ran in")
	if n, err := os.ReadFile(filepath.Join(out, "count", "n.txt")); err != nil || string(n) != "6\n" {
		t.Errorf("%q, %v", n, err)
	}
}

// TestInterruptCancelsTheJob, and leaves no worker.
func TestInterruptCancelsTheJob(t *testing.T) {
	needsProc(t)
	endpoint, _ := jobServer(t)
	out := filepath.Join(t.TempDir(), "run")
	r := runSmall(t, "--images", stagetest.Folder(t, 16, 1, "a"), "--out", out, "--set", "do.what=wait", "--runner", "portable", "--endpoint", endpoint, "--environment", "PROCESS")
	atWork(t, out)
	_ = r.Process.Signal(syscall.SIGINT)
	r.end(t, 1, "cancels job "+endpoint+"/", "small: stopped; the next \"small run\"")
	noWorkers(t)
	if _, err := os.Stat(filepath.Join(out, "count", ".job.json")); !os.IsNotExist(err) {
		t.Errorf("the folder is still a job's: %v", err)
	}
}

// TestWorkerEndsWithItsRunner, however that ends.
func TestWorkerEndsWithItsRunner(t *testing.T) {
	needsProc(t)
	endpoint, server := jobServer(t)
	out := filepath.Join(t.TempDir(), "run")
	r := runSmall(t, "--images", stagetest.Folder(t, 16, 1, "a"), "--out", out, "--set", "do.what=wait", "--runner", "portable", "--endpoint", endpoint, "--environment", "PROCESS")
	atWork(t, out)
	_ = server.Process.Kill()
	noWorkers(t)
	_ = r.Process.Kill()
	runSmall(t, "--images", "x", "--out", out, "--runner", "portable", "--endpoint", "localhost:1", "--environment", "PROCES").end(t, 2, `did you mean "PROCESS"?`)
}

// TestErrorOfAWorker reaches the launcher in our words.
func TestErrorOfAWorker(t *testing.T) {
	endpoint, _ := jobServer(t)
	for what, want := range map[string]string{"fail": "small: count: failed as asked\n", "panic": "small: count: this is a bug in the stage: panic: as asked"} {
		r := runSmall(t, "--images", stagetest.Folder(t, 16, 1, "a"), "--out", filepath.Join(t.TempDir(), "run"), "--set", "do.what="+what, "--runner", "portable", "--endpoint", endpoint, "--environment", "PROCESS")
		r.end(t, 1, want)
	}
}
