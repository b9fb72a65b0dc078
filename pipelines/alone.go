package pipelines

import (
	"context"
	"os"
	"sync/atomic"

	"github.com/retort-ml/retort/io/blob"
)

// alone is set in a process that does nothing but work for others.
var alone atomic.Bool

// lastDone is where such a process worked last, for a job that can outlive its launcher.
var lastDone atomic.Pointer[workplace]

// workplace is the folder of a stage, and which task works there for what.
type workplace struct {
	dir              blob.Dir
	job, fingerprint string
}

// WorkAlone says that this process does nothing but work for a runner: it goes to
// the folder from which the run was started, where there is one, so that relative
// paths of the config mean what they meant.
func WorkAlone() { alone.Store(true) }

// workHere goes there. On another machine there is none, and paths are those of stores.
func (t *task) workHere() {
	if !alone.Load() {
		return
	}
	if t.From != "" {
		_ = os.Chdir(t.From)
	}
	if t.Detached {
		lastDone.Store(&workplace{t.Dir.With(context.Background()), t.Job, t.Fingerprint})
	}
}

// Over reports whether a process that works alone has nothing at hand, and the stage
// that it last worked for needs it no more: it is finished, and its job has no others,
// or it is another's. Who cannot tell says no.
func Over() bool {
	jobs.Lock()
	for _, r := range jobs.by {
		if r.users > 0 {
			jobs.Unlock()
			return false
		}
	}
	jobs.Unlock()
	last := lastDone.Load()
	if last == nil {
		return false
	}
	h, there, err := loadHolder(last.dir)
	if err != nil {
		return false
	}
	if there && h.Task == last.job {
		return len(h.Stages) == 0 && (&task{Dir: last.dir, Fingerprint: last.fingerprint}).finished()
	}
	return true
}
