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
	l := &listener{running: &running{reporter: s}, dir: dir, workers: map[string]*heardOf{}}
	now := time.Now()
	tell := func(worker string, done, kept int64) {
		t.Helper()
		data, err := json.Marshal(told{amount: amount{done, 10 * done}, Kept: amount{kept, 10 * kept}, Total: 100, Unit: "images"})
		if err == nil {
			err = dir.WriteFile(toldDir+"/"+worker+".json", data)
		}
		if err != nil {
			t.Fatal(err)
		}
		l.look(now)
	}
	want := func(done int64) {
		t.Helper()
		if s.amount != (amount{done, 10 * done}) || s.total != 100 {
			t.Errorf("%+v, want %d of 100", *s, done)
		}
	}
	tell("a", 40, 30)
	want(40)
	now = now.Add(2 * lostAfter) // alone, it may be slow
	l.look(now)
	want(40)
	tell("b", 5, 0)
	want(35)
	now = now.Add(lostAfter)
	tell("a", 60, 30) // it was slow
	want(65)
	now = now.Add(time.Second)
	if tell("b", 80, 70); s.Done != 100 {
		t.Errorf("%d of 100 are done", s.Done)
	}
}

// TestProgressOfFinishedShards: a shard counts once in a run, whoever finds it done,
// and at once for good.
func TestProgressOfFinishedShards(t *testing.T) {
	dir := blob.Local(t.TempDir())
	worker := func(job string) (*Job, *teller) {
		to := newTeller(dir)
		return &Job{task: &task{Job: job, Dir: dir, Detached: true, running: &running{reporter: to}}}, to
	}
	a, tells := worker("run 1")
	a.Meter(100, "images").Add(60, 600)
	a.noteCount()
	if err := a.task.saveShard("x", a.report); err != nil {
		t.Fatal(err)
	}
	a.settle(true)
	if got := tells.now; got.amount != (amount{60, 600}) || got.Kept != got.amount || got.Total != 100 {
		t.Errorf("the first worker tells %+v", got)
	}
	find := func(job string, want int64) {
		t.Helper()
		b, tells := worker(job)
		var r shardReport
		data, err := dir.ReadFile(reportName("x"))
		if err == nil {
			err = json.Unmarshal(data, &r)
		}
		if err == nil {
			err = b.recount("x", &r)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := tells.now; got.Done != want || got.Kept.Done != want || want > 0 && got.Total != 100 {
			t.Errorf("a worker of %s tells %+v, want %d", job, got, want)
		}
	}
	find("run 1", 0)
	find("run 2", 60)
	find("run 2", 0)
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
	if err := c.recount("", &shardReport{amount: amount{20, 200}, Unit: "images", Job: "before"}); err != nil {
		t.Fatal(err)
	}
	if p := run.progress; p.done.load() != (amount{30, 300}) || p.kept.load() != (amount{30, 300}) || p.total.Load() != 100 {
		t.Errorf("%+v done, %+v kept of %d", p.done.load(), p.kept.load(), p.total.Load())
	}
	b.noteCount()
	if r := b.report; r.amount != (amount{10, 100}) || r.Unit != "images" || r.Total != 100 {
		t.Errorf("%+v", r)
	}
}
