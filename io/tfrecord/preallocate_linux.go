package tfrecord

import "golang.org/x/sys/unix"

// preallocate asks the file system for the blocks of a file from offset on,
// without changing its size: buffered writes into blocks that are there cost
// about half. It is a hint; a file system that cannot says so once.
func preallocate(fd uintptr, offset, length int64) error {
	return unix.Fallocate(int(fd), unix.FALLOC_FL_KEEP_SIZE, offset, length)
}
