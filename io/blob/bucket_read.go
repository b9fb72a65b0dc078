package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	cdk "gocloud.dev/blob"

	"github.com/retort-ml/retort/internal/crc32c"
)

// bucketFile is an object open for reading, always of the version that was opened.
// Read takes one answer of the store from its beginning to its end, which comes
// while the caller works; ReadAt asks for what it wants, and for more where one
// reading follows on another.
type bucketFile struct {
	b       *bucket
	ctx     context.Context
	name    string
	size    int64
	version version

	mu     sync.Mutex
	stream *cdk.Reader // at pos; nil is none open
	pos    int64
	crc    uint32
	summed int64 // bytes from the beginning that crc covers

	ahead ahead
}

func (f *bucketFile) Size() int64  { return f.size }
func (f *bucketFile) Name() string { return f.b.at(f.name) }

// Close ends what is under way.
func (f *bucketFile) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.drop()
	return nil
}

func (f *bucketFile) drop() {
	if f.stream != nil {
		f.stream.Close()
		f.stream = nil
	}
}

// Seek moves where Read goes on.
func (f *bucketFile) Seek(offset int64, whence int) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch whence {
	case io.SeekCurrent:
		offset += f.pos
	case io.SeekEnd:
		offset += f.size
	}
	if offset < 0 {
		return 0, fmt.Errorf("%s: seeking to %d", f.Name(), offset)
	}
	if offset != f.pos {
		f.drop()
		f.pos = offset
	}
	return offset, nil
}

// Read reads on. A body that is cut or stands still is asked for again from where
// it ended; bytes that were read from the first to the last must have the
// checksum that the store has of them.
func (f *bucketFile) Read(p []byte) (n int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pos >= f.size {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	p = p[:min(int64(len(p)), f.size-f.pos)]
	err = again(f.ctx, func() error {
		n, err = f.some(p)
		return err
	})
	if err != nil {
		return 0, f.b.problem(f.ctx, "read", f.name, err)
	}
	if f.summed == f.pos {
		f.crc, f.summed = crc32c.Update(f.crc, p[:n]), f.summed+int64(n)
	}
	f.pos += int64(n)
	if f.summed == f.size && f.version.hasCRC && f.crc != f.version.crc {
		return 0, fmt.Errorf("%s: its bytes arrived with the checksum %08x, the store has %08x (read it again)", f.Name(), f.crc, f.version.crc)
	}
	return n, nil
}

// some reads what the open stream has next.
func (f *bucketFile) some(p []byte) (n int, err error) {
	if f.stream == nil {
		if f.stream, err = f.b.reader(f.ctx, f.name, f.pos, -1, f.version); err != nil {
			f.stream = nil
			return 0, final{err}
		}
	}
	n, err = io.ReadAtLeast(f.stream, p, 1)
	if n > 0 {
		return n, nil
	}
	f.drop()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return 0, err
}

// ReadAt reads at a place.
func (f *bucketFile) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("%s: reading at %d", f.Name(), off)
	}
	f.unused()
	if off >= f.size {
		return 0, io.EOF
	}
	want := p[:min(int64(len(p)), f.size-off)]
	n, err := f.ahead.read(want, off, f.size, f.fetch)
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}

// unused gives up the answer that Open got when nobody began to read it.
func (f *bucketFile) unused() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pos == 0 {
		f.drop()
	}
}

// fetch fills p by ranged requests: one, if nothing goes wrong.
func (f *bucketFile) fetch(p []byte, off int64) (n int, err error) {
	for n < len(p) && err == nil {
		var more int
		err = again(f.ctx, func() error {
			r, err := f.b.reader(f.ctx, f.name, off+int64(n), int64(len(p)-n), f.version)
			if err != nil {
				return final{err}
			}
			defer r.Close()
			if more, err = io.ReadFull(r, p[n:]); more > 0 {
				return nil
			}
			return err
		})
		n += more
	}
	return n, f.b.problem(f.ctx, "read", f.name, err)
}

// ahead is a stretch that was read beyond what was asked for, since readings
// followed on each other: archives and tables are read by many small ones.
type ahead struct {
	mu   sync.Mutex
	at   int64
	data []byte
	next int64 // where a reading begins that follows on the last one
	step int
}

const (
	aheadLeast = 256 << 10
	aheadMost  = 4 << 20
)

// read serves p from the stretch, or fetches it.
func (a *ahead) read(p []byte, off, size int64, fetch func([]byte, int64) (int, error)) (int, error) {
	a.mu.Lock()
	if off >= a.at && off+int64(len(p)) <= a.at+int64(len(a.data)) {
		defer a.mu.Unlock()
		a.next = off + int64(len(p))
		return copy(p, a.data[off-a.at:]), nil
	}
	follows := off == a.next
	a.next = off + int64(len(p))
	if !follows || len(p) >= aheadMost {
		a.mu.Unlock()
		return fetch(p, off)
	}
	defer a.mu.Unlock()
	a.step = min(max(2*a.step, aheadLeast), aheadMost)
	data := make([]byte, min(int64(max(a.step, len(p))), size-off))
	n, err := fetch(data, off)
	if err != nil {
		return copy(p, data[:n]), err
	}
	a.at, a.data = off, data
	return copy(p, data), nil
}
