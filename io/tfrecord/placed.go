package tfrecord

import (
	"encoding/binary"
	"fmt"

	"github.com/retort-ml/retort/internal/crc32c"
	"github.com/retort-ml/retort/io/blob"
)

// Around the data of a record lie so many bytes of frame.
const (
	FrameBefore = headerSize
	FrameAfter  = footerSize
)

// Placed is an uncompressed TFRecord file of records whose lengths are known
// before their data: they are written in any order, by several goroutines at
// once, and none is kept in memory. The file appears under its name, whole, at
// Commit, or not at all. A record that was never written leaves no gap.
//
//	w, err := tfrecord.CreatePlaced(dir, "views-00000-of-00001.tfrecord", lengths)
//	...
//	defer w.Discard()
//	... w.Write(3, frame); w.Write(0, other) ...
//	return w.Commit()
type Placed struct {
	f       blob.PlacedWriter
	lender  blob.LendingWriter // f, where it lends
	slots   []slot
	end     int64
	records int64
	crc     uint32
	ended   bool
	failed  error // of End
}

// slot is the place of one record with its frame.
type slot struct {
	at      int64
	crc     uint32 // of all its bytes
	written bool
}

// CreatePlaced starts the file name; lengths are those of the records' data, in
// bytes.
func CreatePlaced(to blob.Placer, name string, lengths []int) (*Placed, error) {
	p := &Placed{slots: make([]slot, len(lengths))}
	for i, n := range lengths {
		p.slots[i].at = p.end
		p.end += int64(n) + frameSize
	}
	var err error
	if p.f, err = to.CreatePlaced(name); err != nil {
		return nil, err
	}
	return p, nil
}

// InOrder says, before the first Write, that records will be written about in order,
// and Leave called for those that will not be. A file of a disk is then written around
// the system's page cache, which costs less: lends says so. An error is that there is
// no room.
func (p *Placed) InOrder() (lends bool, err error) {
	if f, ok := p.f.(blob.LendingWriter); ok {
		if lends, err = f.InOrder(p.end); lends {
			p.lender = f
		}
	}
	return lends, err
}

// Lend is memory for n records from i on with their frames, as Write takes them, of no
// length yet; nil where there is none to lend.
func (p *Placed) Lend(i, n int) []byte {
	if p.lender == nil {
		return nil
	}
	return p.lender.Lend(int(p.next(i+n-1)-p.slots[i].at), p.slots[i].at)
}

// Leave says that record i will not be written.
func (p *Placed) Leave(i int) error {
	if p.lender == nil {
		return nil
	}
	_, err := p.f.WriteAt(make([]byte, p.next(i)-p.slots[i].at), p.slots[i].at)
	return err
}

// Write writes record i, and those after it that frames holds: one after the
// other, whole, each between FrameBefore and FrameAfter bytes that Write fills in.
// Each record is written at most once. Memory that Lend gave is lent no more.
func (p *Placed) Write(i int, frames []byte) error {
	start, end := p.slots[i].at, i
	for end < len(p.slots) && p.slots[end].at < start+int64(len(frames)) {
		end++
	}
	if want := p.next(end-1) - start; end == i || int64(len(frames)) != want {
		return fmt.Errorf("records %d to %d: %d bytes with their frames, %d announced", i, max(i, end-1), len(frames), want)
	}
	s := sealing{of: p, frames: frames, record: i}
	if err := p.writeAll(&s, start); err != nil {
		return err
	}
	for k := range p.slots[i:end] {
		p.slots[i+k].written = true
	}
	p.f.WriteBehind(int64(len(frames)))
	return nil
}

// writeAll seals frames and writes them.
func (p *Placed) writeAll(s *sealing, start int64) error {
	frames := s.frames
	if p.lender != nil {
		s.until(len(frames))
		return p.lender.WriteLent(frames, start)
	}
	for at, to := 0, 0; at < len(frames); at = to {
		to = min(len(frames), at+placeChunk-int((start+int64(at))%placeChunk))
		s.until(to)
		if _, err := p.f.WriteAt(frames[at:to], start+int64(at)); err != nil {
			return err
		}
	}
	return nil
}

// placeChunk is what is summed and written at once, up to a multiple of it in the
// file: a kernel keeps a file in pages as large as that allows. What is written is
// then still in the core's cache, and calls of the system stay so short that Go's
// scheduler does not take them for blocked.
const placeChunk = 64 << 10

// sealing fills in the frames of records that follow each other.
type sealing struct {
	of     *Placed
	frames []byte
	record int    // being summed
	at     int    // where it begins
	summed int    // what of frames is summed
	crc    uint32 // of its data so far
}

// until makes frames final up to a place, and perhaps a little beyond.
func (s *sealing) until(to int) {
	for s.summed < to {
		slot := &s.of.slots[s.record]
		size := int(s.of.next(s.record) - slot.at)
		frame := s.frames[s.at : s.at+size]
		end := s.at + size - footerSize
		if s.summed == s.at {
			binary.LittleEndian.PutUint64(frame, uint64(size-frameSize))
			binary.LittleEndian.PutUint32(frame[8:], maskedCRC(frame[:8]))
			s.summed += headerSize
		}
		n := min(max(s.summed, to), end)
		s.crc = crc32c.Update(s.crc, s.frames[s.summed:n])
		if s.summed = n; n < end {
			return
		}
		binary.LittleEndian.PutUint32(s.frames[end:], mask(s.crc))
		slot.crc = frameCRC(frame, s.crc)
		s.record, s.at, s.summed, s.crc = s.record+1, s.at+size, s.at+size, 0
	}
}

// frameCRC is the CRC of a record with its frame, given that of its data.
func frameCRC(frame []byte, crc uint32) uint32 {
	var sum crc32c.File
	sum.Add(frame[:headerSize])
	sum.Join(frame[headerSize:len(frame)-footerSize], crc)
	sum.Add(frame[len(frame)-footerSize:])
	return sum.Sum()
}

// next is where the record after i begins.
func (p *Placed) next(i int) int64 {
	if i+1 < len(p.slots) {
		return p.slots[i+1].at
	}
	return p.end
}

// End closes up the gaps: all of the file is written then, and Records, Bytes,
// CRC32C and Offset are final. No Write may be under way. Commit does it where it was
// not done.
func (p *Placed) End() error {
	if p.ended {
		return p.failed
	}
	p.ended = true
	if p.failed = p.closeUp(); p.failed != nil {
		p.f.Discard()
	}
	return p.failed
}

// Commit ends the file, makes it durable and gives it its name.
func (p *Placed) Commit() error {
	if err := p.End(); err != nil {
		return err
	}
	return p.f.Commit()
}

// closeUp moves what lies behind a gap, and sums up the file.
func (p *Placed) closeUp() error {
	end, buf, sum := int64(0), []byte(nil), crc32c.File{}
	for i, s := range p.slots {
		n := p.next(i) - s.at
		p.slots[i].at = end
		if !s.written {
			continue
		}
		if s.at != end {
			buf = append(buf[:0], make([]byte, n)...)
			if _, err := p.f.ReadAt(buf, s.at); err != nil {
				return err
			}
			if _, err := p.f.WriteAt(buf, end); err != nil {
				return err
			}
		}
		sum.JoinOf(int(n), s.crc)
		end += n
		p.records++
	}
	p.crc = sum.Sum()
	if end == p.end {
		return nil
	}
	p.end = end
	return p.f.Truncate(end)
}

// Discard removes what was written, unless it was committed.
func (p *Placed) Discard() { p.f.Discard() }

// Offset is where record i lies in the file, final after End; of one that was
// never written, where the next one does.
func (p *Placed) Offset(i int) int64 { return p.slots[i].at }

// Records is the number of records written, final after End.
func (p *Placed) Records() int64 { return p.records }

// Bytes is the size of the file, final after End.
func (p *Placed) Bytes() int64 { return p.end }

// CRC32C is the CRC-32C (Castagnoli, not masked) of the file, final after
// End.
func (p *Placed) CRC32C() uint32 { return p.crc }
