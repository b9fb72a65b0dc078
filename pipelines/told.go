package pipelines

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/retort-ml/retort/io/blob"
)

// Workers in other processes tell the launcher how they get on through the folder
// of their stage: each keeps one small file there, and leaves one for each failure.
const toldDir = ".told"

// tellInterval is how often a worker tells, and how often the launcher listens.
const tellInterval = 2 * time.Second

// told is what a worker has to say.
type told struct {
	amount        // what it did
	Kept   amount `json:"kept,omitzero"` // of it, what finished shards did
	Total  int64  `json:"total,omitempty"`
	Unit   string `json:"unit,omitempty"`
	Said   []said `json:"said,omitempty"` // the last few, in order

	Failed string `json:"failed,omitempty"` // why a bundle failed
	Shard  int    `json:"shard,omitempty"`  // of it; -1: the stage's own
}

// said is a message or figures.
type said struct {
	N      int                `json:"n"` // counts from 1
	Text   string             `json:"text,omitempty"`
	Values map[string]float64 `json:"values,omitempty"`
}

const saidMost = 100

// teller is the Reporter of a worker in a process of its own.
type teller struct {
	Silent
	dir  blob.Dir
	name string

	mu    sync.Mutex
	now   told
	n     int
	last  time.Time
	dirty bool
}

func newTeller(dir blob.Dir) *teller {
	return &teller{dir: dir, name: toldDir + "/" + rand.Text()[:12] + ".json"}
}

func (t *teller) Progress(_ string, done, total int64, unit string, bytes int64) {
	t.change(func(now *told) { now.amount, now.Total, now.Unit = amount{done, bytes}, total, unit })
}

// keep is Progress with what of it is kept, whatever becomes of the worker.
func (t *teller) keep(done, kept amount, total int64, unit string) {
	t.change(func(now *told) { now.amount, now.Kept, now.Total, now.Unit = done, kept, total, unit })
}

func (t *teller) Metric(_ string, values map[string]float64) { t.say(said{Values: values}) }
func (t *teller) Message(_ string, text string)              { t.say(said{Text: text}) }

func (t *teller) say(s said) {
	t.change(func(now *told) {
		t.n++
		s.N = t.n
		if now.Said = append(now.Said, s); len(now.Said) > saidMost {
			now.Said = now.Said[len(now.Said)-saidMost:]
		}
	})
}

func (t *teller) change(f func(*told)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f(&t.now)
	if t.dirty = true; time.Since(t.last) > tellInterval {
		t.write()
	}
}

// flush tells what has not been told.
func (t *teller) flush() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dirty {
		t.write()
	}
}

func (t *teller) write() {
	t.dirty, t.last = false, time.Now()
	data, err := json.Marshal(t.now)
	if err == nil {
		_ = t.dir.WriteFile(t.name, data) // the work does not fail for it
	}
}

// tellFailure leaves why a bundle failed.
func tellFailure(dir blob.Dir, shard int, err error) {
	data, bad := json.Marshal(told{Failed: err.Error(), Shard: shard})
	if bad == nil {
		_ = dir.With(context.Background()).WriteFile(toldDir+"/failed-"+rand.Text()[:12]+".json", data)
	}
}

// listen hands on what workers tell until it is called, which listens once more.
func (r *running) listen(ctx context.Context, dir blob.Dir) (stop func()) {
	l := &listener{running: r, dir: dir.With(ctx), workers: map[string]*heardOf{}}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-end:
				l.look(time.Now())
				return
			case <-time.After(tellInterval):
				l.look(time.Now())
			}
		}
	}()
	return func() { close(end); <-ended }
}

type listener struct {
	*running
	dir     blob.Dir
	workers map[string]*heardOf // by their files
	last    told
}

// heardOf is a worker that was heard.
type heardOf struct {
	told
	file         blob.Info // as it was read
	first, heard time.Time // when it was first heard, and last
}

func (l *listener) look(now time.Time) {
	stage := l.dir.Base()
	for info, err := range l.dir.List(toldDir + "/") {
		if err != nil {
			return // it is told later
		}
		w := l.workers[info.Name]
		if w != nil && w.file == info || !strings.HasSuffix(info.Name, ".json") {
			continue
		}
		if w == nil {
			w = &heardOf{first: now}
			l.workers[info.Name] = w
		}
		w.file = info
		var t told
		data, err := l.dir.ReadFile(info.Name)
		if err != nil || json.Unmarshal(data, &t) != nil {
			continue
		}
		if t.Failed != "" {
			l.fail(t.Shard, fmt.Errorf("%s", t.Failed))
			continue
		}
		l.hear(stage, w.told, t)
		w.told, w.heard = t, now
	}
	l.progress(stage, now)
}

func (l *listener) hear(stage string, before, t told) {
	n := 0
	if len(before.Said) > 0 {
		n = before.Said[len(before.Said)-1].N
	}
	for _, s := range t.Said {
		switch {
		case s.N <= n:
		case s.Text != "":
			l.reporter.Message(stage, s.Text)
		default:
			l.reporter.Metric(stage, s.Values)
		}
	}
}

// progress adds up what workers did: all of those at work, and of the others what
// is kept. Who was not heard since another came is not at work any more, or slow.
func (l *listener) progress(stage string, now time.Time) {
	var sum told
	var newest time.Time
	for _, w := range l.workers {
		if w.first.After(newest) && !w.heard.IsZero() {
			newest = w.first
		}
	}
	for _, w := range l.workers {
		if w.heard.Before(newest) && now.Sub(w.heard) > lostAfter {
			sum.add(w.Kept)
		} else {
			sum.add(w.amount)
		}
		if sum.Total = max(sum.Total, w.Total); w.Unit != "" {
			sum.Unit = w.Unit
		}
	}
	if sum.Total > 0 { // a shard may be finished twice
		sum.Done = min(sum.Done, sum.Total)
	}
	if sum.Unit == "" || sum.amount == l.last.amount {
		return
	}
	l.last = sum
	l.reporter.Progress(stage, sum.Done, sum.Total, sum.Unit, sum.Bytes)
}

// lostAfter is how long a worker that works is silent at most; longer, and it counts
// again when it is heard.
const lostAfter = 5 * tellInterval
