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

// repeat may write up to seven bytes more, which the slack takes.
func repeat(buf []byte, to, length, distance int) {
	from := to - distance
	word := binary.LittleEndian.Uint64(buf[from:])
	if distance >= 8 {
		for end := to + length; ; {
			binary.LittleEndian.PutUint64(buf[to:], word)
			if to += 8; to >= end {
				return
			}
			from += 8
			word = binary.LittleEndian.Uint64(buf[from:])
		}
	}
	// a pattern of fewer bytes: as many whole ones as a word takes are written at once
	p := &patterns[distance&7]
	word = word & p.mask * p.times
	for end := to + length; to < end; to += p.step {
		binary.LittleEndian.PutUint64(buf[to:], word)
	}
}

// patterns are, by distance, how a word is filled with a pattern; from 8 on, with
// itself.
var patterns = func() (all [9]struct {
	mask, times uint64
	step        int
}) {
	for d := 1; d <= 8; d++ {
		p := &all[d]
		p.mask, p.step = 1<<(8*d)-1, 8/d*d
		for i := 0; i < 8; i += d {
			p.times |= 1 << (8 * i)
		}
	}
	return all
}()

// An outcome is why the loop of symbols ended.
type outcome uint8

const (
	goOn       outcome = iota // too little input or room is left
	blockEnded                // by its code
	noCode                    // bits that are no code
	tooFar                    // a distance that reaches before the beginning
)

// fast decodes symbols while sixteen bytes of input are at hand and the buffer
// has room. It leaves fewer than eight bits in d.bits and reads nothing further.
func (d *deflate) fast() error {
	in, _ := d.in.Peek(d.in.Buffered())
	limit := len(d.buf) - slack
	if len(in) < 16 || d.to >= limit {
		return nil
	}
	var at, distance int
	var why outcome
	if useBMI2 {
		at, distance, why = d.symbolsBMI2(in, limit)
	} else {
		at, distance, why = d.symbols(in, limit)
	}
	at -= int(d.count >> 3) // whole bytes go back
	d.count &= 7
	d.bits &= 1<<d.count - 1
	_, _ = d.in.Discard(at) // they are buffered
	switch why {
	case blockEnded:
		d.endBlock()
	case noCode:
		return damage("a code that stands for nothing")
	case tooFar:
		return damage("a distance of %d that reaches before the beginning", distance)
	}
	return nil
}

// symbols decodes in into d.buf[d.to:] while sixteen bytes of in are left and d.to
// is below limit. at is how much of in it took into d.bits; distance is the one
// that reaches too far, if one does. What d.bits holds above d.count bits does not count.
func (d *deflate) symbols(in []byte, limit int) (at, distance int, _ outcome) {
	hold, count, to, buf := d.bits, d.count, d.to, d.buf
	lit, dist, start := &d.lit, &d.dist, d.start
	why := goOn
	for at+16 <= len(in) && to < limit {
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
						if e = lit[hold&(1<<litBits-1)]; e&literal != 0 {
							hold, count = hold>>(e&63), count-e.bits()
							buf[to] = byte(e >> 8)
							to++
							continue
						}
					}
				}
			}
			hold |= binary.LittleEndian.Uint64(in[at:]) << (count & 63)
			at += int(63-count) >> 3
			count |= 56
		}
		// 56 bits are there: at most 20 are a length's, 28 a distance's
		if e&link != 0 {
			e = lit[e.base()+int(hold>>litBits&(1<<e.extra()-1))]
		}
		if e == 0 {
			why = noCode
			break
		}
		if e&(literal|end) != 0 {
			hold, count = hold>>(e&63), count-e.bits()
			if e&end != 0 {
				why = blockEnded
				break
			}
			buf[to] = byte(e >> 8)
			to++
			continue
		}
		hold, count = hold>>(e&63), count-e.bits()
		length := e.base() + int(hold&(1<<(e.extra()&63)-1))
		hold, count = hold>>(e.extra()&63), count-e.extra()
		e = dist[hold&(1<<distBits-1)]
		if e&link != 0 {
			e = dist[e.base()+int(hold>>distBits&(1<<e.extra()-1))]
		}
		if e == 0 {
			why = noCode
			break
		}
		hold, count = hold>>(e&63), count-e.bits()
		distance = distBase[e.base()&31] + int(hold&(1<<(e.extra()&63)-1))
		hold, count = hold>>(e.extra()&63), count-e.extra()
		if distance > to-start {
			why = tooFar
			break
		}
		if distance >= 8 && length <= 8 { // most are pixels
			binary.LittleEndian.PutUint64(buf[to:], binary.LittleEndian.Uint64(buf[to-distance:]))
		} else {
			repeat(buf, to, length, distance)
		}
		to += length
	}
	d.bits, d.count, d.to = hold, count, to
	return at, distance, why
}
