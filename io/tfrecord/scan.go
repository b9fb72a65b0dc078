package tfrecord

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Damage is a stretch of a file that holds no intact record.
type Damage struct {
	Path   string `json:"path,omitempty"`
	Record int64  `json:"record"` // number of the first record lost, counting intact and lost ones
	Offset int64  `json:"offset"` // bytes after decompression: [Offset, End)
	End    int64  `json:"end"`
	// Records is how many records were lost; when the lengths inside the stretch
	// are lost too, it is a lower bound and AtLeast is set.
	Records int64  `json:"records"`
	AtLeast bool   `json:"at_least,omitempty"`
	Cause   Cause  `json:"cause"`
	Detail  string `json:"detail,omitempty"`
}

func (d Damage) String() string {
	detail := ""
	if d.Detail != "" {
		detail = ": " + d.Detail
	}
	return fmt.Sprintf("%srecord %d at byte %d: %v%s", prefix(d.Path), d.Record, d.Offset, d.Cause, detail)
}

// scanner walks over a file whatever its damage: intact records go to keep,
// stretches between them to lose.
type scanner struct {
	ctx    context.Context // of run
	win    window
	opts   Options
	record int64 // number of the next record
	told   bool  // the end of a broken stream has been reported
	keep   func(data []byte) error
	lose   func(Damage)
	tick   func()
}

// run returns an error only when reading or keep fails; damage is no error.
func (s *scanner) run(ctx context.Context) error {
	s.ctx = ctx
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		done, err := s.step()
		if err != nil || done {
			return err
		}
		s.tick()
	}
}

// step handles one record, or one damaged stretch.
func (s *scanner) step() (done bool, err error) {
	b := s.win.need(headerSize)
	if len(b) == 0 {
		return true, s.finish()
	}
	data, cause, detail := s.intact(b)
	if cause == 0 {
		if err := s.keep(data); err != nil {
			return true, err
		}
		s.win.skip(len(data) + frameSize)
		s.record++
		return false, nil
	}
	if err := s.readError(); err != nil {
		return true, err
	}
	return false, s.damaged(cause, detail)
}

// intact checks the record at the start of the window.
func (s *scanner) intact(b []byte) (data []byte, c Cause, detail string) {
	if len(b) < headerSize {
		c, detail = leftover(b)
		return nil, c, detail
	}
	if !headerOK(b) {
		return nil, cause(LengthChecksum, s.record), ""
	}
	n := binary.LittleEndian.Uint64(b)
	if n > s.opts.maxRecord() {
		return nil, Truncated, fmt.Sprintf("the length says %d", n)
	}
	if b = s.win.need(int(n) + frameSize); uint64(len(b)) < n+frameSize {
		return nil, Truncated, fmt.Sprintf("%d of %d bytes are there", len(b), n+frameSize)
	}
	data = b[headerSize : headerSize+n : headerSize+n]
	if maskedCRC(data) != binary.LittleEndian.Uint32(b[headerSize+n:]) {
		return nil, DataChecksum, fmt.Sprintf("%d bytes", n)
	}
	return data, 0, ""
}

// damaged finds where records go on, and reports what lies before.
func (s *scanner) damaged(c Cause, detail string) error {
	d := Damage{Path: s.opts.Path, Record: s.record, Offset: s.win.offset(), Records: 1, Cause: c, Detail: detail}
	switch {
	case len(s.win.need(headerSize)) < headerSize:
		if c == TrailingBytes {
			d.Records = 0
		}
		s.win.skip(len(s.win.need(headerSize)))
	case c == DataChecksum && s.followed():
		s.win.skip(int(binary.LittleEndian.Uint64(s.win.need(headerSize))) + frameSize)
	default:
		s.resync()
		d.AtLeast = true
	}
	d.End = s.win.offset()
	s.record += d.Records
	if c == Truncated || c == TrailingBytes {
		s.blameStream(&d)
	}
	s.lose(d)
	return s.readError()
}

// blameStream names what lies behind a file that ends early: a compressed stream
// that is itself cut or damaged.
func (s *scanner) blameStream(d *Damage) {
	switch err := s.win.err; {
	case errors.Is(err, errCut):
		d.Cause, d.Detail, s.told = Truncated, err.Error(), true
	case isDamage(err):
		d.Cause, d.Detail, s.told = Stream, err.Error(), true
	default:
		return
	}
	d.Records, d.AtLeast = max(d.Records, 1), true
}

// followed reports whether another header, or the end, comes where the length of
// the damaged record says.
func (s *scanner) followed() bool {
	total := int(binary.LittleEndian.Uint64(s.win.need(headerSize))) + frameSize
	b := s.win.need(total + headerSize)[total:]
	return len(b) == 0 || len(b) >= headerSize && headerOK(b)
}

// resync skips to the next intact record, or to the end. A header is plausible
// when its checksum matches; only a record whose data match too ends the search.
func (s *scanner) resync() {
	s.win.skip(1)
	for s.ctx.Err() == nil {
		s.tick()
		b := s.win.need(headerSize)
		if len(b) < headerSize {
			s.win.skip(len(b))
			return
		}
		i := 0
		for i+headerSize <= len(b) && !headerOK(b[i:]) {
			i++
		}
		s.win.skip(i)
		if i+headerSize > len(b) {
			continue
		}
		if _, cause, _ := s.intact(b[i:]); cause == 0 {
			return
		}
		s.win.skip(1)
	}
}

// finish reports a compressed stream that ended other than it should.
func (s *scanner) finish() error {
	err := s.win.err
	switch {
	case err == io.EOF || s.told:
		return nil
	case errors.Is(err, errCut):
		s.lose(s.atEnd(Truncated, err.Error()))
		return nil
	case isDamage(err):
		s.lose(s.atEnd(Stream, err.Error()))
		return nil
	}
	return s.readError()
}

func (s *scanner) atEnd(c Cause, detail string) Damage {
	at := s.win.offset()
	return Damage{Path: s.opts.Path, Record: s.record, Offset: at, End: at, AtLeast: true, Cause: c, Detail: detail}
}

// readError is an error of the file below that is no damage.
func (s *scanner) readError() error {
	err := s.win.err
	if err == nil || err == io.EOF || errors.Is(err, errCut) || isDamage(err) {
		return nil
	}
	return fmt.Errorf("%sreading at byte %d: %w", prefix(s.opts.Path), s.win.offset(), err)
}
