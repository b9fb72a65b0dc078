package tfrecord

import (
	"bufio"
	"io"
	"sync"
)

const (
	// readBuffer holds several records, and a record of photos is copied out of
	// mapped memory into it whole.
	readBuffer = 1 << 20
	// inflateChunk is the unit in which TensorFlow inflates: an error in the
	// compressed stream costs the chunk that it is found in.
	inflateChunk = 256 << 10
)

var readBuffers = sync.Pool{New: func() any { b := make([]byte, readBuffer); return &b }}

// window is a sliding view of the uncompressed bytes of a file.
type window struct {
	file        *meter        // the file's own bytes
	in          *bufio.Reader // the same, buffered for a decompressor
	src         io.Reader     // uncompressed bytes, nil until the first are needed
	opts        Options
	compression Compression
	salvage     bool // keep what a damaged stream yields before its error

	buf    []byte // buf[lo:hi] is unread
	lo, hi int
	good   int   // the checksums of the records in buf[:good] are right
	base   int64 // offset of buf[0]
	err    error // why there is no more, io.EOF at the end
	pooled *[]byte
}

func (w *window) init(r io.Reader, opts Options, salvage bool) {
	w.file, w.opts, w.salvage = &meter{r: r}, opts, salvage
}

func (w *window) offset() int64 { return w.base + int64(w.lo) }

func (w *window) fileOffset() int64 {
	if w.compression == None {
		return w.offset()
	}
	return w.file.n
}

func (w *window) skip(n int) { w.lo += n }

// need returns the unread bytes: at least n, or all there are, and w.err says
// why.
func (w *window) need(n int) []byte {
	for w.hi-w.lo < n && w.err == nil {
		w.room(n)
		w.fill()
	}
	return w.buf[w.lo:w.hi]
}

// room makes space behind hi for what n bytes lack, or at least to double what
// is there: memory follows the bytes that came, not the length that was claimed.
func (w *window) room(n int) {
	if w.buf == nil {
		w.pooled = readBuffers.Get().(*[]byte)
		w.buf = *w.pooled
	}
	have := w.hi - w.lo
	if w.hi < len(w.buf) && w.lo+n <= len(w.buf) {
		return
	}
	to := w.buf
	if n > len(w.buf) && have > len(w.buf)/2 {
		to = make([]byte, max(min(n, 2*len(w.buf)), len(w.buf)))
	}
	copy(to, w.buf[w.lo:w.hi])
	w.base += int64(w.lo)
	w.buf, w.lo, w.hi, w.good = to, 0, have, max(w.good-w.lo, 0)
}

// fill reads once, or one chunk of a compressed stream.
func (w *window) fill() {
	if w.src == nil && !w.open() {
		return
	}
	if m, ok := w.src.(*mapping); ok && w.lo == w.hi {
		w.base += int64(w.lo)
		w.lo, w.hi = 0, m.records(w.buf, w.opts)
		if w.good = w.hi; w.hi > 0 {
			return
		}
	}
	free := w.buf[w.hi:]
	if w.compression == None {
		n, err := w.src.Read(free)
		w.hi, w.err = w.hi+n, err
		return
	}
	free = free[:min(len(free), inflateChunk)]
	var n int
	var err error
	for n < len(free) && err == nil {
		var k int
		k, err = w.src.Read(free[n:])
		n += k
	}
	if err != nil {
		err = w.tail(w.streamEnd(err))
		if !w.salvage && isDamage(err) {
			n = 0
		}
	}
	w.hi, w.err = w.hi+n, err
}

// tail finds bytes behind the end of a zlib stream, which zlib passes over.
func (w *window) tail(err error) error {
	if err != io.EOF || w.compression != Zlib || !w.salvage && !w.opts.Strict {
		return err
	}
	if _, more := w.in.ReadByte(); more == nil {
		return &streamError{errTrailing}
	}
	return err
}

// discard skips a record of n bytes plus its frame without keeping it, and
// returns how many bytes were there.
func (w *window) discard(n, frame uint64) (have uint64, whole bool) {
	want := n + frame
	if want < n {
		want = ^uint64(0)
	}
	for have < want {
		b := w.need(1)
		if len(b) == 0 {
			return have, false
		}
		k := min(uint64(len(b)), want-have)
		w.skip(int(k))
		have += k
	}
	return have, true
}

// release gives the buffer back; the window is empty afterwards.
func (w *window) release() {
	if w.pooled != nil {
		readBuffers.Put(w.pooled)
	}
	if c, ok := w.src.(interface{ release() }); ok {
		c.release()
	}
	w.pooled, w.buf, w.lo, w.hi = nil, nil, 0, 0
	if w.err == nil {
		w.err = io.ErrClosedPipe
	}
}

// meter counts the bytes taken from the file, and remembers the file's own
// error: what a decompressor says besides is about its content.
type meter struct {
	r   io.Reader
	n   int64
	err error
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.n += int64(n)
	if err != nil && err != io.EOF {
		m.err = err
	}
	return n, err
}
