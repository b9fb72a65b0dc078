package pipelines

import (
	"os"
	"sync/atomic"
)

// alone is set in a process that does nothing but work for others.
var alone atomic.Bool

// WorkAlone says that this process does nothing but work for a runner: it goes to
// the folder from which the run was started, where there is one, so that relative
// paths of the config mean what they meant.
func WorkAlone() { alone.Store(true) }

// workHere goes there. On another machine there is none, and paths are those of stores.
func (t *task) workHere() {
	if alone.Load() && t.From != "" {
		_ = os.Chdir(t.From)
	}
}
