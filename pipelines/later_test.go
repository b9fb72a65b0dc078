package pipelines_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
)

// lasting is a stage whose shards end later than they return.
type lasting struct {
	Parts int
}

func init() { pipelines.Register(&lasting{}) }

// lastings is what shards of lasting do, and did.
var lastings struct {
	begun, ended, discarded atomic.Int64
	end                     func(shard int) error
	work                    func(ctx context.Context, shard int) error // or nil
}

func (l *lasting) Shards(context.Context, noArtifact, textOut) (int, error) { return l.Parts, nil }

func (l *lasting) RunShard(ctx context.Context, _ noArtifact, out textOut, shard int) error {
	lastings.begun.Add(1)
	if lastings.work != nil {
		if err := lastings.work(ctx, shard); err != nil {
			return err
		}
	}
	out.Later(func() error {
		if err := lastings.end(shard); err != nil {
			return err
		}
		lastings.ended.Add(1)
		return nil
	}, func() { lastings.discarded.Add(1) })
	return out.WriteFile(fmt.Sprintf("part-%d", shard), []byte{byte('a' + shard)})
}

func (l *lasting) Run(context.Context, noArtifact, textOut) error {
	if n := lastings.ended.Load(); n != int64(l.Parts) {
		return fmt.Errorf("%d of %d shards have ended", n, l.Parts)
	}
	return nil
}

func lastingGraph(root string, end func(shard int) error) *pipelines.Graph {
	lastings.begun.Store(0)
	lastings.ended.Store(0)
	lastings.discarded.Store(0)
	lastings.end, lastings.work = end, nil
	g := pipelines.New("t", pipelines.Root(root))
	pipelines.Add(g, "lasting", &lasting{Parts: 4})
	return g
}

// TestShardsHaveEndedBeforeTheArtifactExists on every runner.
func TestShardsHaveEndedBeforeTheArtifactExists(t *testing.T) {
	for _, r := range runners.Local {
		t.Run(r, func(t *testing.T) {
			slow := func(int) error { time.Sleep(20 * time.Millisecond); return nil }
			if _, err := run(t, lastingGraph(t.TempDir(), slow), r); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestAShardEndsWhileTheNextOneIsAtWork on the direct runner, which does one element
// after the other.
func TestAShardEndsWhileTheNextOneIsAtWork(t *testing.T) {
	waits := func(shard int) error {
		for range 1000 {
			if lastings.begun.Load() > int64(min(shard+1, 3)) {
				return nil
			}
			time.Sleep(10 * time.Millisecond)
		}
		return errors.New("the next shard was not begun")
	}
	if _, err := run(t, lastingGraph(t.TempDir(), waits), "direct"); err != nil {
		t.Fatal(err)
	}
}

// TestWhatDoesNotEndIsDoneAgain: a shard is done when it has ended, not before, and
// those after one that failed, or panicked, come to nothing.
func TestWhatDoesNotEndIsDoneAgain(t *testing.T) {
	for name, breaks := range map[string]func() error{
		"lasting: broken on purpose":                             func() error { return errors.New("broken on purpose") },
		"lasting: this is a bug in the stage: panic: on purpose": func() error { panic("on purpose") },
	} {
		root := t.TempDir()
		_, err := run(t, lastingGraph(root, func(shard int) error {
			if shard == 1 {
				return breaks()
			}
			return nil
		}), "direct")
		if err == nil || len(err.Error()) < len(name) || err.Error()[:len(name)] != name {
			t.Fatalf("%v; want %s", err, name)
		}
		if begun, gone := lastings.begun.Load(), lastings.discarded.Load(); begun != 3 || gone != 1 {
			t.Errorf("%d shards begun and %d discarded; want 3 and the one after that which failed", begun, gone)
		}
		reports, _ := os.ReadDir(filepath.Join(root, "lasting", ".shards"))
		if len(reports) != 1 {
			t.Errorf("%d reports; want that of the one shard that ended", len(reports))
		}
		g := lastingGraph(root, func(int) error { return nil })
		lastings.ended.Store(1)
		if _, err := run(t, g, "direct"); err != nil {
			t.Fatal(err)
		}
		if did := lastings.begun.Load(); did != 3 {
			t.Errorf("%d shards done again; want 3", did)
		}
	}
}

// TestTheShardAtWorkStopsWhenOneFailsToEnd: it would come to nothing.
func TestTheShardAtWorkStopsWhenOneFailsToEnd(t *testing.T) {
	next := make(chan struct{})
	g := lastingGraph(t.TempDir(), func(int) error { <-next; return errors.New("broken on purpose") })
	lastings.work = func(ctx context.Context, shard int) error {
		if shard == 0 {
			return nil
		}
		close(next)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Minute):
			return errors.New("nobody stopped it")
		}
	}
	if _, err := run(t, g, "direct"); err == nil || err.Error() != "lasting: broken on purpose" {
		t.Error(err)
	}
	if begun := lastings.begun.Load(); begun != 2 {
		t.Errorf("%d shards begun; want 2", begun)
	}
}

// whole is a stage without shards that leaves its end for later.
type whole struct {
	Word string
}

func init() { pipelines.Register(&whole{}) }

func (w *whole) Run(_ context.Context, _ noArtifact, out textOut) error {
	out.Later(func() error { return lastings.end(0) }, func() { lastings.discarded.Add(1) })
	if w.Word == "" {
		return errors.New("no word")
	}
	return out.WriteFile("word", []byte(w.Word))
}

// TestWhatRunLeavesForLaterIsDoneBeforeTheArtifactExists: or come to nothing.
func TestWhatRunLeavesForLaterIsDoneBeforeTheArtifactExists(t *testing.T) {
	for _, c := range []struct {
		word, want string
		end        error
		discarded  int64
	}{
		{word: "yes"},
		{word: "yes", end: errors.New("broken on purpose"), want: "whole: broken on purpose"},
		{want: "whole: no word", discarded: 1},
	} {
		root, ended := t.TempDir(), false
		manifest := filepath.Join(root, "whole", "manifest.json")
		lastingGraph(root, func(int) error {
			if _, err := os.Stat(manifest); err == nil {
				t.Error("the artifact exists before its end")
			}
			ended = true
			return c.end
		})
		g := pipelines.New("t", pipelines.Root(root))
		pipelines.Add(g, "whole", &whole{Word: c.word})
		_, err := run(t, g, "direct")
		if c.want == "" && err != nil || c.want != "" && (err == nil || err.Error() != c.want) {
			t.Errorf("%v; want %q", err, c.want)
		}
		if ended != (c.word != "") || lastings.discarded.Load() != c.discarded {
			t.Errorf("ended: %v, discarded: %d", ended, lastings.discarded.Load())
		}
	}
}
