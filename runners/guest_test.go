package runners_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
)

type text struct{}

// Say writes a file, and logs as a stage of a user may.
type Say struct{ Text string }

func (s *Say) Run(ctx context.Context, _ pipelines.Artifact[pipelines.None], out *pipelines.Output[text]) error {
	slog.Info("a stage says " + s.Text)
	if s.Text == "fail" {
		return fmt.Errorf("failed as asked")
	}
	for s.Text == "wait" && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return out.WriteFile("text.txt", []byte(s.Text))
}

func init() { pipelines.Register(&Say{}) }

func say(t *testing.T, what string) *pipelines.Graph {
	g := pipelines.New("say", pipelines.Root(t.TempDir()))
	pipelines.Add(g, "say", &Say{what})
	return g
}

func run(ctx context.Context, t *testing.T, g *pipelines.Graph, name string) ([]pipelines.Result, error) {
	t.Helper()
	r, err := runners.ByName(name)
	if err != nil {
		t.Fatal(err)
	}
	return runners.Run(ctx, g, runners.Options{Runner: r})
}

// lockedBuffer is what a host logs to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestHostGoesOnLogging: before, while and after a graph runs the program that
// runs it logs what it logged.
func TestHostGoesOnLogging(t *testing.T) {
	for _, own := range []bool{false, true} { // a logger of the host's own, or Go's
		for _, name := range runners.Local {
			t.Run(fmt.Sprint(name, " own logger ", own), func(t *testing.T) {
				var out lockedBuffer
				writer, flags, before := log.Writer(), log.Flags(), slog.Default()
				defer func() { slog.SetDefault(before); log.SetOutput(writer); log.SetFlags(flags) }()
				log.SetOutput(&out)
				if own {
					slog.SetDefault(slog.New(slog.NewTextHandler(&out, nil)))
				}
				host := slog.Default()
				for i := range 2 {
					if _, err := run(t.Context(), t, say(t, "hello"), name); err != nil {
						t.Fatal(err)
					}
					log.Printf("print %d", i)
					slog.Info("info", "round", i)
				}
				if slog.Default() != host {
					t.Error("the host's logger was replaced")
				}
				for _, want := range []string{"print 0", "print 1", "round=0", "round=1", "a stage says hello"} {
					if !strings.Contains(out.String(), want) {
						t.Errorf("the host's log has no %q:\n%s", want, &out)
					}
				}
				if n := strings.Count(out.String(), "\n"); name == "direct" && n != 6 {
					t.Errorf("Beam talks in the host's log: %d lines, want 6:\n%s", n, &out)
				}
			})
		}
	}
}

// TestTwoGraphsAtOnce run side by side, and leave the host's environment and
// folder of temporary files as they were.
func TestTwoGraphsAtOnce(t *testing.T) {
	for _, name := range runners.Local {
		t.Run(name, func(t *testing.T) {
			temp := t.TempDir()
			t.Setenv("TMPDIR", temp)
			environment := os.Environ()
			var all sync.WaitGroup
			for i := range 6 {
				g := say(t, fmt.Sprint("graph ", i))
				all.Go(func() {
					if _, err := run(t.Context(), t, g, name); err != nil {
						t.Errorf("graph %d: %v", i, err)
					}
					data, err := os.ReadFile(filepath.Join(g.Root(), "say", "text.txt"))
					if err != nil || string(data) != fmt.Sprint("graph ", i) {
						t.Errorf("graph %d: %q, %v", i, data, err)
					}
				})
			}
			all.Wait()
			if now := os.Environ(); !slices.Equal(now, environment) {
				t.Errorf("the environment was %q, is %q", environment, now)
			}
			if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// TestEndings: one graph that fails or is cancelled does not touch the other.
func TestEndings(t *testing.T) {
	for _, name := range runners.Local {
		t.Run(name, func(t *testing.T) {
			_, err := run(t.Context(), t, say(t, "fail"), name)
			if err == nil || err.Error() != "say: failed as asked" {
				t.Errorf("got %v", err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(100*time.Millisecond, cancel)
			if _, err = run(ctx, t, say(t, "wait"), name); err != context.Canceled {
				t.Errorf("got %v; want %v", err, context.Canceled)
			}
			if _, err = run(t.Context(), t, say(t, "hello"), name); err != nil {
				t.Error(err)
			}
		})
	}
}

// counted is a runner of one's own.
type counted struct {
	pipelines.Runner
	n *int
}

func (c counted) Name() string { *c.n++; return "counted" }

func TestRunnerOfOnesOwn(t *testing.T) {
	direct, err := runners.ByName("direct")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	results, err := runners.Run(t.Context(), say(t, "hello"), runners.Options{Runner: counted{direct, &n}})
	if err != nil || len(results) != 1 || n == 0 {
		t.Errorf("%v, %v, asked %d times", results, err, n)
	}
}
