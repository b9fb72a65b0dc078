package pipelines

import (
	"errors"
	"os"
	"strings"
	"sync/atomic"
)

// alone is set in a process that does nothing but work for others.
var alone atomic.Bool

// WorkAlone says that this process does nothing but work for a runner: it goes to
// the folder from which the run was started, where there is one, so that relative
// paths of the config mean what they meant.
func WorkAlone() { alone.Store(true) }

func (t *task) workHere() error {
	if !alone.Load() || t.From == "" {
		return nil
	}
	_ = os.Chdir(t.From) // on another machine the paths are those of stores
	return nil
}

// trimmed is err without the stage's name before it.
func trimmed(stage string, err error) error {
	if s := err.Error(); strings.HasPrefix(s, stage+": ") {
		return errors.New(s[len(stage)+2:])
	}
	return err
}
