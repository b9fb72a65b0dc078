package pipelines_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners/direct"
)

// far is a runner whose jobs could outlive it.
type far struct {
	direct.Runner
	jobs    map[string]*beam.Pipeline
	running bool  // what it says of a job that it did not start
	unknown error // nobody knows
	follows int
}

func (f *far) Name() string { return "far" }
func (f *far) Start(_ context.Context, p *beam.Pipeline) (string, error) {
	f.jobs["far/1"] = p
	return "far/1", nil
}
func (f *far) Follow(ctx context.Context, job string) error {
	if f.follows++; f.jobs[job] == nil {
		return ctx.Err()
	}
	return f.Run(ctx, f.jobs[job])
}
func (f *far) Running(context.Context, string) (bool, error) {
	return f.running && len(f.jobs) == 0, f.unknown
}
func (*far) InProcess() bool { return false }

type thing struct{}

// Usurped gives its folder to another task while it works.
type Usurped struct{ Lost, Finished bool }

func (u *Usurped) Run(_ context.Context, _ pipelines.Artifact[pipelines.None], out *pipelines.Output[thing]) error {
	if u.Lost {
		if err := out.Folder(".").WriteFile(".job.json", []byte(`{"task":"another"}`)); err != nil {
			return err
		}
	}
	if u.Finished {
		if err := out.Folder(".").WriteFile(artifact.ManifestName, []byte(`{}`)); err != nil {
			return err
		}
	}
	return out.WriteFile("x", []byte("x"))
}

func usurped(t *testing.T, u Usurped, root string, f *far) error {
	t.Helper()
	f.jobs = map[string]*beam.Pipeline{}
	pipelines.RegisterDetached(f)
	g := pipelines.New("g", pipelines.Root(root))
	pipelines.Add(g, "u", &u)
	_, err := g.Execute(t.Context(), f, pipelines.Silent{})
	return err
}

// TestWhoLostTheFolderDoesNotCommit, on a disk and in a store.
func TestWhoLostTheFolderDoesNotCommit(t *testing.T) {
	for _, root := range []string{t.TempDir(), "mem://TestWhoLostTheFolder/run"} {
		dir, err := blob.Open(root)
		if err != nil {
			t.Fatal(err)
		}
		if err := usurped(t, Usurped{Lost: true}, root, &far{}); err == nil || !strings.Contains(err.Error(), "u: "+dir.In("u").String()+": another run took it over") {
			t.Errorf("%s: %v", root, err)
		}
		if there, _ := dir.In("u").Exists(artifact.ManifestName); there {
			t.Errorf("%s: it was committed", root)
		}
		if err := usurped(t, Usurped{Finished: true}, root, &far{}); err == nil {
			t.Errorf("%s: it wrote over the manifest of another", root)
		}
		if err := usurped(t, Usurped{}, root+"2", &far{}); err != nil {
			t.Error(err)
		}
	}
}

// TestComingBack: what the next run does depends on the job that the folder names.
func TestComingBack(t *testing.T) {
	root := t.TempDir()
	folder := blob.Local(root).In("u")
	leave := func(fingerprint string) {
		if err := folder.WriteFile(".job.json", []byte(`{"task":"t","runner":"far","job":"far/0","fingerprint":"`+fingerprint+`"}`)); err != nil {
			t.Fatal(err)
		}
	}
	leave("other")
	if err := usurped(t, Usurped{}, root, &far{unknown: errors.New("no answer")}); err == nil || !strings.Contains(err.Error(), "u: job far/0 of far may still be at work on it: no answer (if it is no more, remove ") {
		t.Errorf("unknown: %v", err)
	}
	if err := usurped(t, Usurped{}, root, &far{running: true}); err == nil || !strings.Contains(err.Error(), "for another config") {
		t.Errorf("another config: %v", err)
	}
	f := &far{}
	if err := usurped(t, Usurped{}, root, f); err != nil || f.follows != 1 {
		t.Errorf("ended: %v, follows %d", err, f.follows)
	}
	if there, _ := folder.Exists(".job.json"); there {
		t.Error("the folder is still a job's")
	}
}

// Asking notes while it works whether the process has nothing to do any more.
type Asking struct{}

var overAtWork atomic.Bool

func (*Asking) Run(_ context.Context, _ pipelines.Artifact[pipelines.None], out *pipelines.Output[thing]) error {
	overAtWork.Store(pipelines.Over())
	return out.WriteFile("x", []byte("x"))
}

// TestOver: a worker of one job is of no more use when the stage that it worked for is
// finished, or another's.
func TestOver(t *testing.T) {
	pipelines.WorkAlone()
	f := &far{jobs: map[string]*beam.Pipeline{}}
	pipelines.RegisterDetached(f)
	g := pipelines.New("g", pipelines.Root(t.TempDir()))
	pipelines.Add(g, "asking", &Asking{})
	if _, err := g.Execute(t.Context(), f, pipelines.Silent{}); err != nil {
		t.Fatal(err)
	}
	if overAtWork.Load() {
		t.Error("it is over while it works")
	}
	if !pipelines.Over() {
		t.Error("it is not over when the stage is finished")
	}
}
