package tfrecord

import "io"

// file is what a writer can reserve space in: *os.File.
type file interface {
	io.Seeker
	Fd() uintptr
	Truncate(size int64) error
}

const (
	reserveFrom = 2 << 20 // smaller files are not worth the calls
	reserveStep = 64 << 20
)

// reserve keeps space reserved ahead of a growing file.
type reserve struct {
	f     file
	start int64 // where the records start in the file
	until int64 // reserved up to here, counted from start
}

func newReserve(w io.Writer) reserve {
	f, ok := w.(file)
	if !ok {
		return reserve{}
	}
	at, err := f.Seek(0, io.SeekCurrent)
	if err != nil { // a pipe
		return reserve{}
	}
	return reserve{f: f, start: at}
}

// ahead is called before bytes up to size are written.
func (r *reserve) ahead(size int64) {
	if r.f == nil || size < reserveFrom || size <= r.until {
		return
	}
	step := min(max(size, 4<<20), reserveStep)
	if preallocate(r.f.Fd(), r.start+max(r.until, 0), size+step-r.until) != nil {
		r.f = nil
		return
	}
	r.until = size + step
}

// end gives back what was reserved and not needed.
func (r *reserve) end(size int64) error {
	if r.f == nil || r.until <= size {
		return nil
	}
	return r.f.Truncate(r.start + size)
}
