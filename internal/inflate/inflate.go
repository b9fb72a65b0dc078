package inflate

import (
	"bufio"
	"io"
)

const (
	history = 32 << 10
	// slack is what one step of the fast loop may write: four literals and a
	// match, in words.
	slack = 4 + 258 + 7
	room  = history + 64<<10 + slack
)

// deflate decodes one DEFLATE stream (RFC 1951) after another.
type deflate struct {
	in    *bufio.Reader
	bits  uint64 // the count lowest are read and not used, fewer than 8 between two symbols
	count uint

	buf   []byte // buf[from:to] is decoded and not taken
	from  int
	to    int
	start int // where the stream began in buf: what lies before is not its history

	err    error
	state  state
	last   bool // this block is the last
	stored int  // bytes left of a stored block
	lit    litTable
	dist   distTable
	codes  [1 << 7]entry // of the lengths of codes
}

type state uint8

const (
	atBlock state = iota
	inStored
	inCodes
	done
)

func newDeflate(in *bufio.Reader) *deflate { return &deflate{in: in, buf: make([]byte, room)} }

// reset begins another stream of the same reader.
func (d *deflate) reset() {
	d.bits, d.count, d.last, d.state, d.start = 0, 0, false, atBlock, d.to
}

// read decodes into p. io.EOF is the end of the stream; the reader below then
// stands behind its last byte.
func (d *deflate) read(p []byte) (int, error) {
	for d.from == d.to {
		if d.state == done {
			return 0, io.EOF
		}
		if d.err != nil {
			return 0, d.err
		}
		d.slide()
		d.err = d.step()
	}
	n := copy(p, d.buf[d.from:d.to])
	d.from += n
	return n, nil
}

// slide makes room behind to for slack bytes at least, and keeps the history.
func (d *deflate) slide() {
	if len(d.buf)-d.to > slack {
		return
	}
	by := d.to - history
	copy(d.buf, d.buf[by:d.to])
	d.from, d.to, d.start = d.from-by, d.to-by, max(0, d.start-by)
}

// step decodes until the buffer is full or the stream ends.
func (d *deflate) step() error {
	for len(d.buf)-d.to > slack {
		var err error
		switch d.state {
		case atBlock:
			err = d.header()
		case inStored:
			err = d.store()
		case inCodes:
			if err = d.fast(); err == nil && d.state == inCodes && len(d.buf)-d.to > slack {
				err = d.slow()
			}
		case done:
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// endBlock goes on to the next block or ends the stream.
func (d *deflate) endBlock() {
	d.state = atBlock
	if d.last {
		d.state = done
	}
}

// want reads until there are n bits.
func (d *deflate) want(n uint) error {
	for d.count < n {
		b, err := d.in.ReadByte()
		if err != nil {
			return noEOF(err)
		}
		d.bits |= uint64(b) << d.count
		d.count += 8
	}
	return nil
}

// take returns the next n bits.
func (d *deflate) take(n uint) (int, error) {
	if err := d.want(n); err != nil {
		return 0, err
	}
	v := d.bits & (1<<n - 1)
	d.bits >>= n
	d.count -= n
	return int(v), nil
}

func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// store copies what a stored block has, as far as there is room.
func (d *deflate) store() error {
	n := min(d.stored, len(d.buf)-d.to-slack)
	n, err := io.ReadFull(d.in, d.buf[d.to:d.to+n])
	d.to += n
	d.stored -= n
	if err != nil {
		return noEOF(err)
	}
	if d.stored == 0 {
		d.endBlock()
	}
	return nil
}
