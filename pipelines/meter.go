package pipelines

import (
	"sync"
	"sync/atomic"
	"time"
)

// Meter counts a stage's progress. Its methods are safe for concurrent use.
type Meter struct {
	of          *progress
	done, bytes atomic.Int64 // of this shard
}

// progress is that of a stage in this process: of all its shards.
type progress struct {
	job  *Job
	unit string

	mu    sync.Mutex
	total int64
	done  amount
	kept  amount    // of done, what finished shards did
	told  time.Time // when the reporter was last told
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

// Meter returns the job's meter for total units (0 where the total is
// unknown). All shards of a stage add to one, which knows the total once one of
// them does. What a shard added is taken back if it fails.
func (j *Job) Meter(total int64, unit string) *Meter {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.meter == nil {
		j.meter = &Meter{of: j.progress(unit)}
	}
	j.meter.of.knows(total)
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

func (p *progress) knows(total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.total == 0 {
		p.total = total
	}
}

const meterInterval = 100 * time.Millisecond

// Add counts n more units and what they weighed in bytes.
func (m *Meter) Add(n, bytes int64) {
	m.done.Add(n)
	m.bytes.Add(bytes)
	m.of.change(amount{n, bytes}, amount{})
}

// change adds to what was done, and to what was kept of it.
func (p *progress) change(done, kept amount) {
	p.mu.Lock()
	p.done.add(done)
	p.kept.add(kept)
	now, sum, total, keep := time.Now(), p.done, p.total, p.kept
	tell := now.Sub(p.told) >= meterInterval || sum.Done == total
	if tell {
		p.told = now
	}
	p.mu.Unlock()
	if !tell {
		return
	}
	r := p.job.reporter()
	if t, ok := r.(*teller); ok {
		t.keep(keep)
	}
	r.Progress(p.job.task.Stage, sum.Done, total, p.unit, sum.Bytes)
}

// counted is what the job's meter counted.
func (j *Job) counted() (a amount, unit string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.meter == nil {
		return amount{}, ""
	}
	return amount{j.meter.done.Load(), j.meter.bytes.Load()}, j.meter.of.unit
}

// settle ends the count of a shard: what it did was kept, or was in vain. Nobody is
// told of less before more was done.
func (j *Job) settle(kept bool) {
	a, unit := j.counted()
	switch {
	case unit == "":
	case kept:
		j.meter.of.change(amount{}, a)
	default:
		j.meter.of.takeBack(a)
	}
}

func (p *progress) takeBack(a amount) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done.add(amount{-a.Done, -a.Bytes})
}

// recount counts what an earlier attempt did, as its report has it.
func (j *Job) recount(r *shardReport) {
	if r.Unit != "" {
		j.progress(r.Unit).change(r.amount, r.amount)
	}
}
