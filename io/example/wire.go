package example

import (
	"encoding/binary"
	"math"
)

// maxDepth bounds the nesting of groups in unknown fields, as protobuf does.
const maxDepth = 100

// cursor walks over the fields of one message.
type cursor struct {
	data []byte
	at   int // offset of data[0] in the Example
	pos  int
	bad  string // what is wrong, empty while nothing is
}

// field is one field: varint, bits and payload depend on the wire type.
type field struct {
	number  uint64
	wire    int
	bits    uint64 // varint and fixed values
	payload []byte
	at      int // offset of payload in the Example
}

func (c *cursor) offset() int { return c.at + c.pos }

// next returns the next field; false at the end of the message or when it is
// malformed.
func (c *cursor) next() (field, bool) {
	if c.pos >= len(c.data) || c.bad != "" {
		return field{}, false
	}
	tag := c.varint()
	f := field{number: tag >> 3, wire: int(tag & 7)}
	if c.bad == "" && (f.number == 0 || f.number >= 1<<29) {
		c.bad = "field number out of range"
	}
	c.value(&f, maxDepth)
	return f, c.bad == ""
}

func (c *cursor) value(f *field, depth int) {
	if c.bad != "" {
		return
	}
	switch f.wire {
	case wireVarint:
		f.bits = c.varint()
	case wireFixed64:
		if p := c.take(8); p != nil {
			f.bits = binary.LittleEndian.Uint64(p)
		}
	case wireFixed32:
		if p := c.take(4); p != nil {
			f.bits = uint64(binary.LittleEndian.Uint32(p))
		}
	case wireBytes:
		n := c.varint()
		f.at = c.offset()
		f.payload = c.take(n)
	case wireStart:
		c.group(f.number, depth)
	default:
		c.bad = "unexpected wire type"
	}
}

// group skips to the end of the group that has just begun.
func (c *cursor) group(number uint64, depth int) {
	if depth == 0 {
		c.bad = "groups nested too deeply"
		return
	}
	for c.bad == "" {
		if c.pos >= len(c.data) {
			c.bad = "group without end"
			return
		}
		tag := c.varint()
		f := field{number: tag >> 3, wire: int(tag & 7)}
		if f.wire == wireEnd && c.bad == "" {
			if f.number != number {
				c.bad = "group ends with another number"
			}
			return
		}
		if f.number == 0 || f.number > math.MaxInt32 { // protobuf skips more numbers than it reads
			c.bad = "field number out of range"
		}
		c.value(&f, depth-1)
	}
}

func (c *cursor) varint() uint64 {
	if c.bad != "" {
		return 0
	}
	v, n := binary.Uvarint(c.data[c.pos:])
	switch {
	case n == 0:
		c.bad = "the message ends inside a number"
	case n < 0:
		c.bad = "a number has more than 64 bits"
	default:
		c.pos += n
	}
	return v
}

func (c *cursor) take(n uint64) []byte {
	left := uint64(len(c.data) - c.pos)
	if c.bad != "" {
		return nil
	}
	if n > left {
		c.bad = "the message ends inside a field"
		return nil
	}
	p := c.data[c.pos : c.pos+int(n) : c.pos+int(n)]
	c.pos += int(n)
	return p
}
