package inflate

import "encoding/binary"

// decode reads a code bit by bit as it is needed, so that nothing behind the
// stream is touched. first is how many bits index the table's first level.
func (d *deflate) decode(table []entry, first uint) (entry, error) {
	for {
		e := table[d.bits&(1<<first-1)]
		if e&link != 0 {
			e = table[e.base()+int(d.bits>>first&(1<<e.extra()-1))]
		}
		n := e.bits()
		if e == 0 {
			n = maxBits // whatever more bits say, this is no code
			if d.count >= first {
				n = d.count
			}
		}
		if n > d.count {
			if err := d.want(d.count + 1); err != nil {
				return 0, err
			}
			continue
		}
		if e == 0 {
			return 0, damage("a code that stands for nothing")
		}
		d.bits >>= n
		d.count -= n
		return e, nil
	}
}

// slow decodes one symbol.
func (d *deflate) slow() error {
	e, err := d.decode(d.lit[:], litBits)
	switch {
	case err != nil:
		return err
	case e&literal != 0:
		d.buf[d.to] = e.literal()
		d.to++
		return nil
	case e&end != 0:
		d.endBlock()
		return nil
	}
	more, err := d.take(e.extra())
	if err != nil {
		return err
	}
	length := e.base() + more
	if e, err = d.decode(d.dist[:], distBits); err != nil {
		return err
	}
	if more, err = d.take(e.extra()); err != nil {
		return err
	}
	return d.match(length, distBase[e.base()&31]+more)
}

// match repeats what was written distance bytes ago.
func (d *deflate) match(length, distance int) error {
	if distance > d.to-d.start {
		return damage("a distance of %d that reaches before the beginning", distance)
	}
	repeat(d.buf, d.to, length, distance)
	d.to += length
	return nil
}

func repeat(buf []byte, to, length, distance int) {
	from, out := to-distance, buf[to:to+length]
	for n := copy(out, buf[from:to]); n < len(out); {
		n += copy(out[n:], buf[from:to+n])
	}
}

// fast decodes symbols while eight bytes of input are at hand and the buffer
// has room. It leaves fewer than eight bits in d.bits and reads nothing further.
func (d *deflate) fast() error {
	in, _ := d.in.Peek(d.in.Buffered())
	if len(in) < 8 {
		return nil
	}
	at, hold, count, to, buf := 0, d.bits, d.count, d.to, d.buf
	lit, dist := &d.lit, &d.dist
	limit := len(buf) - slack
	var err error
loop:
	for at+8 <= len(in) && to < limit {
		hold |= binary.LittleEndian.Uint64(in[at:]) << (count & 63)
		at += int(63-count) >> 3
		count |= 56
		e := lit[hold&(1<<litBits-1)]
		if e&literal != 0 {
			hold, count = hold>>(e&63), count-e.bits()
			buf[to] = byte(e >> 8)
			to++
			if e = lit[hold&(1<<litBits-1)]; e&literal != 0 {
				hold, count = hold>>(e&63), count-e.bits()
				buf[to] = byte(e >> 8)
				to++
				if e = lit[hold&(1<<litBits-1)]; e&literal != 0 {
					hold, count = hold>>(e&63), count-e.bits()
					buf[to] = byte(e >> 8)
					to++
					if e = lit[hold&(1<<litBits-1)]; e&literal != 0 {
						hold, count = hold>>(e&63), count-e.bits()
						buf[to] = byte(e >> 8)
						to++
						continue
					}
				}
			}
		}
		// at most 33 of 56 bits are used: 15 for a code and 5 more are there
		if e&link != 0 {
			e = lit[e.base()+int(hold>>litBits&(1<<e.extra()-1))]
		}
		switch {
		case e == 0:
			err = damage("a code that stands for nothing")
			break loop
		case e&literal != 0:
			hold, count = hold>>(e&63), count-e.bits()
			buf[to] = byte(e >> 8)
			to++
			continue
		case e&end != 0:
			hold, count = hold>>(e&63), count-e.bits()
			d.endBlock()
			break loop
		}
		before, beforeCount, beforeAt := hold, count, at
		hold, count = hold>>(e&63), count-e.bits()
		length := e.base() + int(hold&(1<<e.extra()-1))
		hold, count = hold>>(e.extra()&63), count-e.extra()
		if at+8 > len(in) { // the slow way decodes this one
			hold, count, at = before, beforeCount, beforeAt
			break
		}
		hold |= binary.LittleEndian.Uint64(in[at:]) << (count & 63)
		at += int(63-count) >> 3
		count |= 56
		e = dist[hold&(1<<distBits-1)]
		if e&link != 0 {
			e = dist[e.base()+int(hold>>distBits&(1<<e.extra()-1))]
		}
		if e == 0 {
			err = damage("a code that stands for nothing")
			break
		}
		hold, count = hold>>(e&63), count-e.bits()
		distance := distBase[e.base()&31] + int(hold&(1<<e.extra()-1))
		hold, count = hold>>(e.extra()&63), count-e.extra()
		if distance > to-d.start {
			err = damage("a distance of %d that reaches before the beginning", distance)
			break
		}
		if distance >= 8 { // up to 7 bytes too many, which the slack takes
			for out, from := to, to-distance; out < to+length; out, from = out+8, from+8 {
				binary.LittleEndian.PutUint64(buf[out:], binary.LittleEndian.Uint64(buf[from:]))
			}
		} else {
			repeat(buf, to, length, distance)
		}
		to += length
	}
	at -= int(count >> 3) // whole bytes go back
	count &= 7
	d.bits, d.count, d.to = hold&(1<<count-1), count, to
	_, _ = d.in.Discard(at) // they are buffered
	return err
}
