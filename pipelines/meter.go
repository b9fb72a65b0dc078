package pipelines

import (
	"sync/atomic"
	"time"
)

// Meter counts a stage's progress. Its methods are safe for concurrent use.
type Meter struct {
	of   *progress
	done counter // of this shard
}

// progress is that of a stage in this process: of all its shards.
type progress struct {
	job  *Job
	unit string

	total atomic.Int64
	done  counter
	kept  counter      // of done, what finished shards did
	told  atomic.Int64 // when the reporter was last told, in ns
}

// amount is how much was done.
type amount struct {
	Done  int64 `json:"done,omitempty"`
	Bytes int64 `json:"bytes,omitempty"`
}

func (a *amount) add(b amount) {
	a.Done += b.Done
	a.Bytes += b.Bytes
}

// counter is an amount that grows.
type counter struct{ done, bytes atomic.Int64 }

func (c *counter) add(a amount) amount { return amount{c.done.Add(a.Done), c.bytes.Add(a.Bytes)} }
func (c *counter) load() amount        { return amount{c.done.Load(), c.bytes.Load()} }

// Meter returns the job's meter for total units (0 where the total is
// unknown). All shards of a stage add to one, which knows the total once one of
// them does. What a shard added is taken back if it fails.
func (j *Job) Meter(total int64, unit string) *Meter {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.meter == nil {
		j.meter = &Meter{of: j.progress(unit)}
	}
	j.meter.of.total.CompareAndSwap(0, total)
	return j.meter
}

func (j *Job) progress(unit string) *progress {
	p := &progress{job: j, unit: unit}
	r := j.task.running
	if r == nil {
		return p
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.progress == nil {
		r.progress = p
	}
	return r.progress
}

const meterInterval = 100 * time.Millisecond

// Add counts n more units and what they weighed in bytes.
func (m *Meter) Add(n, bytes int64) {
	a := amount{n, bytes}
	m.done.add(a)
	m.of.tell(m.of.done.add(a))
}

// tell tells what is done, now and then.
func (p *progress) tell(done amount) {
	now, last, total := time.Now().UnixNano(), p.told.Load(), p.total.Load()
	if now-last < int64(meterInterval) && done.Done != total || !p.told.CompareAndSwap(last, now) {
		return
	}
	p.job.reporter().Progress(p.job.task.Stage, done.Done, total, p.unit, done.Bytes)
}

// keep notes that a part of what is done stays done.
func (p *progress) keep(a amount) {
	kept := p.kept.add(a)
	if t, ok := p.job.reporter().(*teller); ok {
		t.keep(p.done.load(), kept, p.total.Load(), p.unit)
	}
}

// settle ends the count of a shard: what it did was kept, or was in vain. Nobody is
// told of less before more was done.
func (j *Job) settle(kept bool) {
	j.mu.Lock()
	m := j.meter
	j.mu.Unlock()
	switch {
	case m == nil:
	case kept:
		m.of.keep(m.done.load())
	default:
		a := m.done.load()
		m.of.done.add(amount{-a.Done, -a.Bytes})
	}
}

// noteCount puts what the meter counted into the report.
func (j *Job) noteCount() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if m := j.meter; m != nil {
		j.report.Job, j.report.amount, j.report.Total, j.report.Unit = j.task.Job, m.done.load(), m.of.total.Load(), m.of.unit
	}
}

// recount counts a shard that an earlier run finished, as its report has it: once in
// this run, whoever finds it. It tells nobody: that was no work.
func (j *Job) recount(name string, r *shardReport) error {
	if r.Unit == "" || r.Job == j.task.Job {
		return nil
	}
	p := j.progress(r.Unit)
	p.total.CompareAndSwap(0, r.Total)
	p.done.add(r.amount)
	p.keep(r.amount)
	if r.Job = j.task.Job; !j.task.Detached { // nobody else looks
		return nil
	}
	return j.task.saveShard(name, *r)
}
