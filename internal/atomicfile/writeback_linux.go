package atomicfile

import (
	"os"

	"golang.org/x/sys/unix"
)

// startWriteback queues the file's dirty pages for writing.
func startWriteback(f *os.File) {
	_ = unix.SyncFileRange(int(f.Fd()), 0, 0, unix.SYNC_FILE_RANGE_WRITE)
}
