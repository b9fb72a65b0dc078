package artifact

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/retort-ml/retort/io/blob"
)

// LockName is the file inside a run's root that a running process holds.
const LockName = ".lock"

// Lock takes the run folder for this process. While another process holds it
// the error names that process and its host. On a disk of this machine a killed
// process holds nothing.
func Lock(root blob.Dir) (release func(), err error) {
	host, _ := os.Hostname()
	release, err = root.Lock(LockName, fmt.Sprintf("pid %d on %s", os.Getpid(), host))
	var held *blob.HeldError
	var cause *fs.PathError
	switch {
	case errors.As(err, &held):
		by, left := "another run", ""
		if held.By != "" {
			by += ", " + held.By
		}
		if held.File != "" {
			left = fmt.Sprintf("; if it is no more, remove %s", held.File)
		}
		return nil, fmt.Errorf("%s is in use by %s (wait for it, stop it, or choose another --out%s)", root, by, left)
	case errors.As(err, &cause):
		return nil, fmt.Errorf("cannot write to %s: %w (choose another --out)", root, cause.Err)
	case err != nil:
		return nil, fmt.Errorf("cannot write to %s: %w (choose another --out)", root, err)
	}
	return release, nil
}
