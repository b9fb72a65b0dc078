//go:build amd64 || arm64

package atomicfile

import (
	"errors"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// openQueue is nil where the file system is none that is known to write around the
// page cache well. It takes the room for all of the file, so that writes do not wait
// for each other to make it longer; an error is that there is none.
func openQueue(f *os.File, size int64) (queue, error) {
	var stat unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &stat); err != nil {
		return nil, nil
	}
	if t := int64(stat.Type); t != unix.EXT4_SUPER_MAGIC && t != unix.XFS_SUPER_MAGIC {
		return nil, nil
	}
	q := &aio{}
	var err error
	if q.f, err = os.OpenFile(f.Name(), os.O_WRONLY|unix.O_DIRECT, 0); err != nil {
		return nil, nil
	}
	if _, _, e := unix.Syscall(unix.SYS_IO_SETUP, directMost, uintptr(unsafe.Pointer(&q.context)), 0); e != 0 { // forbidden, or too many
		q.f.Close()
		return nil, nil
	}
	if err = unix.Fallocate(int(f.Fd()), 0, 0, size); err == nil {
		return q, nil
	}
	q.close()
	if !errors.Is(err, unix.ENOSPC) {
		err = nil
	}
	return nil, err
}

// aio is a queue of Linux (io_submit(2)): unlike calls that wait, it does not take
// threads from Go's scheduler.
type aio struct {
	f       *os.File
	context uintptr
	events  [directMost]event
}

// iocb and event are the system's struct iocb and io_event.
type iocb struct {
	data   uint64
	_      [2]uint32 // key, flags of this write
	opcode uint16
	_      uint16 // priority
	file   uint32
	buffer unsafe.Pointer
	bytes  uint64
	offset int64
	_      [2]uint64 // reserved; flags, a file for events
}

type event struct {
	data uint64
	_    uint64 // the iocb
	res  int64
	_    int64 // a second result
}

const pwritev = 8 // IOCB_CMD_PWRITEV

func (q *aio) put(p *passage) error {
	var pieces [3]unix.Iovec
	for i, b := range p.pieces {
		pieces[i].Base = &b[0]
		pieces[i].SetLen(len(b))
	}
	one := &iocb{data: uint64(p.at), opcode: pwritev, file: uint32(q.f.Fd()),
		buffer: unsafe.Pointer(&pieces), bytes: uint64(len(p.pieces)), offset: p.at}
	n, _, e := unix.Syscall(unix.SYS_IO_SUBMIT, q.context, 1, uintptr(unsafe.Pointer(&one)))
	runtime.KeepAlive(one)
	if e != 0 {
		return e
	}
	if n != 1 {
		return unix.EAGAIN
	}
	return nil
}

func (q *aio) wait(least int, done func(at int64, written int)) error {
	for {
		n, _, e := unix.Syscall6(unix.SYS_IO_GETEVENTS, q.context, uintptr(least), uintptr(len(q.events)), uintptr(unsafe.Pointer(&q.events)), 0, 0)
		if e == unix.EINTR {
			continue
		}
		if e != 0 {
			return e
		}
		for _, v := range q.events[:n] {
			done(int64(v.data), int(max(0, v.res)))
		}
		return nil
	}
}

func (q *aio) close() {
	_, _, _ = unix.Syscall(unix.SYS_IO_DESTROY, q.context, 0, 0) // waits for what is on its way
	q.f.Close()
}

// allocate is memory of at least n bytes that begins with a page.
func allocate(n int) []byte {
	b, err := unix.Mmap(-1, 0, (n+directPage-1)&^(directPage-1), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		panic(err) // as where Go finds none
	}
	return b
}

func free(b []byte) { _ = unix.Munmap(b) }
