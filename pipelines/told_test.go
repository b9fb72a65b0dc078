package pipelines

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/retort-ml/retort/io/blob"
)

// lastShown keeps the last progress.
type lastShown struct {
	Silent
	amount
	total int64
}

func (s *lastShown) Progress(_ string, done, total int64, _ string, bytes int64) {
	s.amount, s.total = amount{done, bytes}, total
}

// TestProgressOfLostWorkers: what a worker did and did not finish counts while it
// works; once another has taken its place, what it finished is left of it.
func TestProgressOfLostWorkers(t *testing.T) {
	dir, s := blob.Local(t.TempDir()), &lastShown{}
	l := &listener{running: &running{reporter: s}, dir: dir, heard: map[string]told{}, seen: map[string]blob.Info{}, begun: map[string]time.Time{}, when: map[string]time.Time{}}
	tell := func(worker string, done, kept int64) {
		t.Helper()
		data, err := json.Marshal(told{amount: amount{done, 10 * done}, Kept: amount{kept, 10 * kept}, Total: 100, Unit: "images"})
		if err == nil {
			err = dir.WriteFile(toldDir+"/"+worker+".json", data)
		}
		if err != nil {
			t.Fatal(err)
		}
		l.look()
	}
	want := func(done int64) {
		t.Helper()
		if s.amount != (amount{done, 10 * done}) || s.total != 100 {
			t.Errorf("%+v, want %d of 100", *s, done)
		}
	}
	tell("a", 40, 30)
	want(40)
	tell("b", 5, 0)
	want(45)
	a, b := toldDir+"/a.json", toldDir+"/b.json"
	now := time.Now() // a is silent since before b came, b since it came
	l.begun[a], l.when[a] = now.Add(-5*lostAfter), now.Add(-4*lostAfter)
	l.begun[b], l.when[b] = now.Add(-3*lostAfter), now.Add(-3*lostAfter)
	l.look()
	want(35)
	tell("a", 60, 30) // it was slow
	want(65)
	if tell("b", 80, 70); s.Done != 100 {
		t.Errorf("%d of 100 are done", s.Done)
	}
}

// TestProgressAfterFailures: a shard that failed does not count, one that is done
// counts as kept, also when another attempt finds it done.
func TestProgressAfterFailures(t *testing.T) {
	run := &running{reporter: Silent{}}
	job := func() *Job { return &Job{task: &task{running: run}} }
	a, b, c := job(), job(), job()
	a.Meter(100, "images").Add(10, 100)
	b.Meter(100, "images").Add(7, 70)
	b.Meter(100, "images").Add(3, 30)
	a.settle(false)
	b.settle(true)
	c.recount(&shardReport{amount: amount{20, 200}, Unit: "images"})
	if p := run.progress; p.done.load() != (amount{30, 300}) || p.kept.load() != (amount{30, 300}) || p.total.Load() != 100 {
		t.Errorf("%+v done, %+v kept of %d", p.done.load(), p.kept.load(), p.total.Load())
	}
	if got, unit := b.counted(); got != (amount{10, 100}) || unit != "images" {
		t.Errorf("%+v %s", got, unit)
	}
}
