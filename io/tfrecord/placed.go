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
	slots   []slot
	end     int64
	records int64
	crc     uint32
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

// Write writes record i. Its data lie between FrameBefore and FrameAfter bytes
// that Write fills in. Each record is written at most once.
func (p *Placed) Write(i int, frame []byte) error {
	slot := &p.slots[i]
	if want := p.next(i) - slot.at; int64(len(frame)) != want {
		return fmt.Errorf("record %d: %d bytes with its frame, %d announced", i, len(frame), want)
	}
	header, end := frame[:headerSize], len(frame)-footerSize
	binary.LittleEndian.PutUint64(header, uint64(end-headerSize))
	binary.LittleEndian.PutUint32(header[8:], maskedCRC(header[:8]))
	crc := uint32(0)
	for at, to := 0, 0; at < len(frame); at = to {
		if to = at + placeChunk; to > end {
			to = len(frame)
		}
		crc = crc32c.Update(crc, frame[max(at, headerSize):min(to, end)])
		if to == len(frame) {
			binary.LittleEndian.PutUint32(frame[end:], mask(crc))
		}
		if _, err := p.f.WriteAt(frame[at:to], slot.at+int64(at)); err != nil {
			return err
		}
	}
	slot.crc, slot.written = frameCRC(frame, crc), true
	p.f.WriteBehind(int64(len(frame)))
	return nil
}

// placeChunk is what is summed and written at once. What is written is then
// still in the core's cache, and calls of the system stay so short that Go's
// scheduler does not take them for blocked.
const placeChunk = 64 << 10

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

// Commit closes up the gaps, makes the file durable and gives it its name. No
// Write may be under way.
func (p *Placed) Commit() error {
	if err := p.closeUp(); err != nil {
		p.f.Discard()
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

// Offset is where record i lies in the file, final after Commit; of one that was
// never written, where the next one does.
func (p *Placed) Offset(i int) int64 { return p.slots[i].at }

// Records is the number of records written, final after Commit.
func (p *Placed) Records() int64 { return p.records }

// Bytes is the size of the file, final after Commit.
func (p *Placed) Bytes() int64 { return p.end }

// CRC32C is the CRC-32C (Castagnoli, not masked) of the file, final after
// Commit.
func (p *Placed) CRC32C() uint32 { return p.crc }
