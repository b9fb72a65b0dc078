package pipelines_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
)

// halves writes words in a first phase and joins them, two at a time, in a second,
// whose number of shards the first decides.
type halves struct {
	Words int
}

func init() { pipelines.Register(&halves{}) }

type (
	noArtifact = pipelines.Artifact[pipelines.None]
	textOut    = *pipelines.Output[pipelines.None]
)

var (
	wordsWritten atomic.Int64
	breaks       atomic.Bool
)

func (h *halves) Phases() []pipelines.Phase[pipelines.None, pipelines.None] {
	return []pipelines.Phase[pipelines.None, pipelines.None]{
		{Name: "write", Shards: h.words, RunShard: h.word},
		{Name: "join", Shards: h.pairs, RunShard: h.join},
	}
}

func (h *halves) words(context.Context, noArtifact, textOut) (int, error) { return h.Words, nil }

func (h *halves) word(_ context.Context, _ noArtifact, out textOut, shard int) error {
	wordsWritten.Add(1)
	name := fmt.Sprintf("word-%d", shard)
	if err := out.Work().WriteFile(name, []byte{byte('a' + shard)}); err != nil {
		return err
	}
	f, err := artifact.Describe(out.Work(), name, 0)
	out.AddWork(f)
	out.Count("words", 1)
	return errors.Join(err, out.SetShardNote(shard))
}

func (h *halves) pairs(_ context.Context, _ noArtifact, out textOut) (int, error) {
	list, err := pipelines.PhaseNotes[int](out.Job, "write")
	for i, n := range list {
		if i != n {
			return 0, fmt.Errorf("notes %v are not in order", list)
		}
	}
	return (len(list) + 1) / 2, err
}

func (h *halves) join(_ context.Context, _ noArtifact, out textOut, shard int) error {
	if breaks.Load() && shard == 1 {
		return fmt.Errorf("broken on purpose")
	}
	var text []byte
	for w := 2 * shard; w < min(h.Words, 2*shard+2); w++ {
		data, err := out.Work().ReadFile(fmt.Sprintf("word-%d", w))
		if err != nil {
			return err
		}
		text = append(text, data...)
	}
	return errors.Join(out.SetShardNote(string(text)), out.WriteFile(fmt.Sprintf("pair-%d", shard), text))
}

func (h *halves) Run(_ context.Context, _ noArtifact, out textOut) error {
	pairs, err := pipelines.PhaseNotes[string](out.Job, "join")
	if err != nil {
		return err
	}
	return out.WriteFile("all", []byte(strings.Join(pairs, "")))
}

// TestPhasesFollowEachOther on every runner: a phase sees what those before left,
// and nothing of it stays.
func TestPhasesFollowEachOther(t *testing.T) {
	for _, r := range runners.Local {
		t.Run(r, func(t *testing.T) {
			g := pipelines.New("t", pipelines.Root(t.TempDir()))
			pipelines.Add(g, "halves", &halves{Words: 5})
			if _, err := run(t, g, r); err != nil {
				t.Fatal(err)
			}
			a, err := pipelines.LoadArtifact[pipelines.None](g.At("halves", ""))
			if err != nil {
				t.Fatal(err)
			}
			if all, err := a.ReadFile("all"); err != nil || string(all) != "abcde" {
				t.Errorf("%q, %v; want abcde", all, err)
			}
			if got := a.Manifest.Counts["words"]; got != 5 {
				t.Errorf("%d words counted", got)
			}
			for _, name := range []string{".work", ".shards"} {
				if _, err := os.Stat(g.At("halves", name)); !os.IsNotExist(err) {
					t.Errorf("%s stays: %v", name, err)
				}
			}
		})
	}
}

// TestPhasesGoOnWhereTheyWereInterrupted: finished shards of a phase are not done
// again, but for one whose work was lost.
func TestPhasesGoOnWhereTheyWereInterrupted(t *testing.T) {
	root := t.TempDir()
	graph := func() *pipelines.Graph {
		g := pipelines.New("t", pipelines.Root(root))
		pipelines.Add(g, "halves", &halves{Words: 4})
		return g
	}
	breaks.Store(true)
	_, err := run(t, graph(), "direct")
	breaks.Store(false)
	if err == nil || err.Error() != "halves: broken on purpose" {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(root, "halves", ".work", "word-3")); err != nil {
		t.Fatal(err)
	}
	before := wordsWritten.Load()
	if _, err := run(t, graph(), "direct"); err != nil {
		t.Fatal(err)
	}
	if did := wordsWritten.Load() - before; did != 1 {
		t.Errorf("%d shards of the first phase were done again, want the one that was lost", did)
	}
}
