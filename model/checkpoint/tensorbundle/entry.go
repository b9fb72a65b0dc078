package tensorbundle

import (
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// value is a field of a message on the wire: one of them, by its type.
type value struct {
	number uint64
	bytes  []byte
}

// fields calls f for each field of a message.
func fields(raw []byte, f func(protowire.Number, value) error) error {
	for len(raw) > 0 {
		number, kind, n := protowire.ConsumeTag(raw)
		if n < 0 {
			return protowire.ParseError(n)
		}
		raw = raw[n:]
		var v value
		switch kind {
		case protowire.VarintType:
			v.number, n = protowire.ConsumeVarint(raw)
		case protowire.Fixed32Type:
			var fixed uint32
			fixed, n = protowire.ConsumeFixed32(raw)
			v.number = uint64(fixed)
		case protowire.BytesType:
			v.bytes, n = protowire.ConsumeBytes(raw)
		default:
			n = protowire.ConsumeFieldValue(number, kind, raw)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		raw = raw[n:]
		if err := f(number, v); err != nil {
			return err
		}
	}
	return nil
}

// parseEntry: 1 type, 2 shape, 3 data file, 4 offset, 5 size, 6 masked CRC-32C,
// 7 slices.
func (b *Bundle) parseEntry(key string, raw []byte) (Entry, error) {
	e := Entry{Name: key, Shape: []int{}}
	err := fields(raw, func(number protowire.Number, v value) error {
		switch number {
		case 1:
			e.DType = DType(v.number)
		case 2:
			return parseShape(&e, v.bytes)
		case 3:
			e.shard = int(v.number)
		case 4:
			e.offset = int64(v.number)
		case 5:
			e.size = int64(v.number)
		case 6:
			e.crc = uint32(v.number)
		case 7:
			s, err := parseSlice(v.bytes)
			e.slices = append(e.slices, s)
			return err
		}
		return nil
	})
	if err != nil {
		return e, b.damaged(b.indexPath(), key, "its entry does not parse: %v", err)
	}
	return e, nil
}

// parseShape: 2 {1 size} for each axis; 3 tells a rank that is not known.
func parseShape(e *Entry, raw []byte) error {
	return fields(raw, func(number protowire.Number, v value) error {
		switch number {
		case 3:
			return errors.New("its rank is not known")
		case 2:
			size := uint64(0)
			if err := fields(v.bytes, func(number protowire.Number, v value) error {
				if number == 1 {
					size = v.number
				}
				return nil
			}); err != nil {
				return err
			}
			if size > math.MaxInt32*512 {
				return fmt.Errorf("an axis is %d long", int64(size))
			}
			e.Shape = append(e.Shape, int(size))
		}
		return nil
	})
}

// parseSlice: 1 {1 start, 2 length} for each axis; without a length it is whole.
func parseSlice(raw []byte) (slice, error) {
	var s slice
	err := fields(raw, func(number protowire.Number, v value) error {
		if number != 1 {
			return nil
		}
		x := extent{length: whole}
		err := fields(v.bytes, func(number protowire.Number, v value) error {
			switch number {
			case 1:
				x.start = int64(v.number)
			case 2:
				x.length = int64(v.number)
			}
			return nil
		})
		s = append(s, x)
		return err
	})
	return s, err
}
