package artifact

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// lockName is the file inside a run's root that a running process holds.
const lockName = ".lock"

// Lock takes the run folder for this process. While another process holds it
// the error names that process and its host. A killed process holds nothing.
func Lock(root string) (release func(), err error) {
	path := filepath.Join(root, lockName)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		var cause *fs.PathError
		if errors.As(err, &cause) {
			err = cause.Err
		}
		return nil, fmt.Errorf("cannot write to %s: %w (choose another --out)", root, err)
	}
	if err := tryLock(f); err != nil {
		holder, _ := os.ReadFile(path)
		f.Close()
		return nil, fmt.Errorf("%s is in use by %s (wait for it, stop it, or choose another --out)", root, holderName(string(holder)))
	}
	host, _ := os.Hostname()
	_ = f.Truncate(0)
	_, _ = f.WriteAt([]byte(fmt.Sprintf("pid %d on %s\n", os.Getpid(), host)), 0)
	return func() { f.Close() }, nil
}

func holderName(s string) string {
	if s = strings.TrimSpace(s); s != "" {
		return "another run, " + s
	}
	return "another run"
}
