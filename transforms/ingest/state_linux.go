package ingest

import (
	"io/fs"
	"syscall"
)

// changeTime is when the file or what is known of it last changed, in
// nanoseconds; nobody can set it.
func changeTime(info fs.FileInfo) int64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Ctim.Nano()
	}
	return 0
}
