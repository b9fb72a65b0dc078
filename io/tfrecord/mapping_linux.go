package tfrecord

import "golang.org/x/sys/unix"

// mapCached maps a part of a file that lies in the page cache, all of it: waiting
// for a disk in a page fault would hold up other goroutines, as read(2) does not.
// It returns nil where it does not, or where that cannot be known.
func mapCached(f mappable, at int64, n int) []byte {
	var stat unix.Cachestat_t
	part := unix.CachestatRange{Off: uint64(at), Len: uint64(n)}
	if err := unix.Cachestat(uint(f.Fd()), &part, &stat, 0); err != nil {
		return nil
	}
	page := uint64(unix.Getpagesize())
	if stat.Cache < (uint64(n)+page-1)/page {
		return nil
	}
	b, err := unix.Mmap(int(f.Fd()), at, n, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil
	}
	return b
}

func unmap(b []byte) {
	if b != nil {
		_ = unix.Munmap(b) // it was mapped: there is nothing that could go wrong
	}
}
