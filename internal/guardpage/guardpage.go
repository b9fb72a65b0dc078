//go:build unix

// Package guardpage gives tests of assembly memory with nothing around it.
package guardpage

import (
	"testing"

	"golang.org/x/sys/unix"
)

// Bytes are n bytes of one mapping, twice: that end where it ends, and that begin
// where it begins. An access before or behind the mapping, which is whole pages,
// ends the process.
func Bytes(t testing.TB, n int) (atEnd, atBeginning []byte) {
	t.Helper()
	page := unix.Getpagesize()
	inner := (n + page - 1) / page * page
	all, err := unix.Mmap(-1, 0, inner+2*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Munmap(all) })
	for _, guard := range [][]byte{all[:page], all[page+inner:]} {
		if err := unix.Mprotect(guard, unix.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	return all[page+inner-n : page+inner : page+inner], all[page : page+n : page+n]
}
