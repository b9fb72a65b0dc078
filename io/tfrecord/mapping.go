package tfrecord

import (
	"encoding/binary"
	"fmt"
	"io"
	"runtime/debug"
	"unsafe"

	"github.com/retort-ml/retort/internal/crc32c"
)

// mapBytes is how much of a file is mapped at once: it counts as memory of the
// process. Less costs more calls and faults: a tenth of the speed at half of it.
const mapBytes = 16 << 20

// batchBytes is how much is copied before Reader goes on with it, or one record:
// the copy then stays in the first-level cache, and storing it does not compete with
// the loads of what memory still has to deliver. 256 KiB is slower by a tenth, 1 MiB by
// a fifth.
const batchBytes = 16 << 10

// mappable is a file of this machine.
type mappable interface {
	io.ReaderAt
	io.Seeker
	Fd() uintptr
	Size() int64 // when it was opened
}

// mapping reads an uncompressed file of this machine. As long as it lies in the
// system's page cache, whole records are copied out of mapped memory and their
// checksums taken in the same pass, which spares read(2)'s copy; what Reader gets
// is never mapped memory. Anything unusual, be it a damaged record or a file that
// shrinks, ends that, and read(2) goes on from the same place and says what is
// wrong.
type mapping struct {
	file   mappable
	pos    int64  // of the next byte
	mapped []byte // at is where in the file it begins
	at     int64
	plain  bool // only read from here on
}

func (m *mapping) Read(p []byte) (int, error) {
	n, err := m.file.ReadAt(p, m.pos)
	m.pos += int64(n)
	if n > 0 {
		return n, nil
	}
	if size := m.file.Size(); err == io.EOF && m.pos < size {
		return 0, fmt.Errorf("the file had %d bytes when it was opened, and now has %d or fewer (read it again when nothing writes it)", size, m.pos)
	}
	return n, err
}

// records copies whole records into dst, as many as fit up to about batchBytes, and
// returns their bytes.
// Their checksums are right, those of the data unless o says not to look. With 0
// all that follows is to be read.
func (m *mapping) records(dst []byte, o Options) (n int) {
	for !m.plain && n == 0 {
		if rest := m.at + int64(len(m.mapped)) - m.pos; rest > 0 {
			if n = m.copyRecords(dst, o); n > 0 || rest >= int64(len(dst)) {
				break
			}
		}
		m.plain = !m.next()
	}
	if n == 0 {
		m.release()
	}
	m.pos += int64(n)
	return n
}

// next maps what follows pos. It reports whether there is more in the mapping than
// there was.
func (m *mapping) next() bool {
	end := m.at + int64(len(m.mapped))
	m.unmap()
	at := m.pos &^ (1<<16 - 1) // whole pages, of any machine
	size := min(m.file.Size()-at, mapBytes)
	if m.pos >= at+size || at+size <= end {
		return false
	}
	m.at, m.mapped = at, mapCached(m.file, at, int(size))
	return m.mapped != nil
}

// copyRecords is where memory is touched that may not be there any more.
func (m *mapping) copyRecords(dst []byte, o Options) (n int) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if fault := recover(); fault != nil {
			if !m.holds(fault) {
				panic(fault)
			}
			m.plain = true
		}
	}()
	src := m.mapped[m.pos-m.at:]
	for n < batchBytes {
		k := copyRecord(dst[n:], src[n:], o)
		if k == 0 {
			return n
		}
		n += k
	}
	return n
}

// holds tells the fault of a page of the file that is gone from other panics.
func (m *mapping) holds(fault any) bool {
	f, ok := fault.(interface{ Addr() uintptr })
	if !ok {
		return false
	}
	begin := uintptr(unsafe.Pointer(unsafe.SliceData(m.mapped)))
	return f.Addr() >= begin && f.Addr() < begin+uintptr(len(m.mapped))
}

// copyRecord copies the record that src begins with, and returns its length with
// its frame: 0 where it is not whole, not right or has no room. Only the copy is
// judged, for src may change meanwhile.
func copyRecord(dst, src []byte, o Options) int {
	if len(src) < headerSize || len(dst) < headerSize {
		return 0
	}
	copy(dst[:headerSize], src)
	n := binary.LittleEndian.Uint64(dst)
	if !headerOK(dst) || n > o.maxRecord() || n > uint64(min(len(src), len(dst))) {
		return 0
	}
	total := int(n) + frameSize
	if total > min(len(src), len(dst)) {
		return 0
	}
	if o.NoChecksums {
		return copy(dst[:total], src)
	}
	sum := crc32c.Copy(dst[headerSize:], src[headerSize:headerSize+n], 0)
	copy(dst[headerSize+n:total], src[headerSize+n:])
	if mask(sum) != binary.LittleEndian.Uint32(dst[headerSize+n:]) {
		return 0
	}
	return total
}

func (m *mapping) unmap() {
	unmap(m.mapped)
	m.mapped, m.at = nil, 0
}

func (m *mapping) release() {
	m.unmap()
	m.plain = true
}
