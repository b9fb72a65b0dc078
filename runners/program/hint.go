package program

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// hinted adds how to mend what the system refused to an error of a run, unless
// the error says itself.
func hinted(err error) error {
	for _, h := range hints {
		for _, cause := range h.causes {
			if errors.Is(err, cause) && !strings.HasSuffix(err.Error(), ")") {
				return fmt.Errorf("%w (%s, then run again: what is finished is kept)", err, h.mend)
			}
		}
	}
	return err
}

var hints = []struct {
	mend   string
	causes []error
}{
	{"free some space", []error{syscall.ENOSPC, syscall.EDQUOT}},
	{"allow larger files, see ulimit -f", []error{syscall.EFBIG}},
	{"get access to it, or choose another --out", []error{syscall.EACCES, syscall.EPERM, syscall.EROFS}},
	{"allow more open files, see ulimit -n", []error{syscall.EMFILE, syscall.ENFILE}},
}
