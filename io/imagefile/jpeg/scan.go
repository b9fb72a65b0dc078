package jpeg

import "encoding/binary"

// scan is the header of the scan being read.
type scan struct {
	comps            [maxComponents]int // indices into Decoder.comps
	n                int
	dc, ac           [maxComponents]*huffman
	first, last      int // spectral selection
	high, low        int // successive approximation
	eobRun           int
	blocksX, blocksY int // of a non-interleaved scan
	interleaved      bool
}

// maxScans bounds the work that a small progressive file can ask for.
const maxScans = 500

// readScans reads from the first scan header to the end of the image, and
// writes the output.
func (d *Decoder) readScans() error {
	for {
		done, err := d.readScan()
		if err != nil || done {
			return err
		}
		for {
			marker, err := d.marker()
			if err != nil {
				return err
			}
			if marker == mEOI {
				return d.finish()
			}
			if marker == mSOS {
				break
			}
			if err := d.segment(marker); err != nil {
				return err
			}
		}
	}
}

// readScan reads one scan. It reports true when the output is complete and
// nothing behind it matters.
func (d *Decoder) readScan() (bool, error) {
	if d.scans++; d.scans > maxScans {
		return false, d.bad("more than %d scans", maxScans)
	}
	b, err := d.body()
	if err != nil {
		return false, err
	}
	if err := d.readScanHeader(b); err != nil {
		return false, err
	}
	s := &d.scan
	if d.scans == 1 {
		d.buffers = d.info.Progressive || s.n != d.n
		if err := d.allocate(); err != nil {
			return false, err
		}
	} else if !d.buffers {
		return false, d.bad("a second scan of the same components")
	}
	d.startBits()
	done, read := false, d.bufferedScan
	if d.info.Progressive {
		read = d.progressiveScan
	}
	if d.buffers {
		err = read()
	} else {
		done, err = d.streamScan()
	}
	if done || err != nil {
		return done, err
	}
	return false, d.endBits()
}

func (d *Decoder) readScanHeader(b []byte) error {
	if len(b) < 1 || b[0] < 1 || int(b[0]) > d.n || len(b) != 4+2*int(b[0]) {
		return d.bad("scan header of %d bytes", len(b))
	}
	s := &d.scan
	*s = scan{n: int(b[0])}
	blocks := 0
	for i := range s.n {
		id, tables := b[1+2*i], b[2+2*i]
		at := -1
		for j := range d.n {
			if d.comps[j].id == id {
				at = j
			}
		}
		if at < 0 || i > 0 && at <= s.comps[i-1] {
			return d.bad("the scan names component %d out of order", id)
		}
		if tables>>4 > 3 || tables&15 > 3 {
			return d.bad("the scan uses Huffman tables %d and %d", tables>>4, tables&15)
		}
		c := &d.comps[at]
		c.pred = 0
		s.comps[i], s.dc[i], s.ac[i] = at, d.dc[tables>>4], d.ac[tables&15]
		blocks += c.h * c.v
		if c.table == nil {
			if !d.quant[c.tq].ok {
				return d.bad("component %d uses quantisation table %d, which is not there", id, c.tq)
			}
			c.tableCopy = d.quant[c.tq].step
			c.table = &c.tableCopy
		}
	}
	s.interleaved = s.n > 1
	if s.interleaved && blocks > 10 {
		return d.bad("%d blocks in one MCU", blocks)
	}
	s.first, s.last, s.high, s.low = 0, 63, 0, 0
	if d.info.Progressive {
		p := b[1+2*s.n:]
		s.first, s.last, s.high, s.low = int(p[0]), int(p[1]), int(p[2]>>4), int(p[2]&15)
		if err := d.checkProgression(); err != nil {
			return err
		}
	}
	for i := range s.n {
		needDC := s.first == 0 && s.high == 0
		needAC := s.last > 0
		if needDC && s.dc[i] == nil || needAC && s.ac[i] == nil {
			return d.bad("the scan uses a Huffman table that is not there")
		}
		if needDC {
			s.dc[i].prepare(d.info.Progressive)
		}
		if needAC {
			s.ac[i].prepare(d.info.Progressive)
		}
	}
	c := &d.comps[s.comps[0]]
	s.blocksX, s.blocksY = c.realX, c.realY
	if s.interleaved {
		s.blocksX, s.blocksY = d.mcuX, d.mcuY
	}
	return nil
}

// streamScan decodes the one scan of a sequential image, writing rows as they
// become complete.
func (d *Decoder) streamScan() (bool, error) {
	d.setUnits()
	end := 0
	for o := range d.outs {
		end = max(end, d.outs[o].mcus.Max.Y)
	}
	needed := true // the current restart interval is, or there are none
	if d.interval > 0 {
		needed = d.needs(0, d.interval)
	}
	for my := range end {
		d.startRow(my)
		for mx := 0; mx < d.mcuX; {
			if at := my*d.mcuX + mx; d.interval > 0 && at > 0 && at%d.interval == 0 {
				if err := d.restart(); err != nil {
					return false, err
				}
				needed = d.needs(at, d.interval)
			}
			if !needed {
				mx++
				continue
			}
			limit := d.mcuX
			if d.interval > 0 {
				limit = d.interval - (my*d.mcuX+mx)%d.interval
			}
			n, keep := d.runLength(mx, my, limit)
			if n > 0 {
				if err := d.decodeRun(mx, n, &keep); err != nil {
					return false, err
				}
				mx += n
				continue
			}
			if err := d.mcu(mx, my); err != nil {
				return false, err
			}
			mx++
		}
		for o := range d.outs {
			if m := &d.outs[o].mcus; my >= m.Min.Y && my < m.Max.Y {
				d.outs[o].endRow(d, my)
			}
		}
	}
	return end < d.mcuY, nil
}

// needs reports whether an output keeps one of the count MCUs from number at on.
func (d *Decoder) needs(at, count int) bool {
	first, last := at/d.mcuX, (at+count-1)/d.mcuX
	left, right := at%d.mcuX, (at+count-1)%d.mcuX
	if first < last {
		left, right = 0, d.mcuX-1
	}
	for o := range d.outs {
		m := &d.outs[o].mcus
		if first < m.Max.Y && last >= m.Min.Y && left < m.Max.X && right >= m.Min.X {
			return true
		}
	}
	return false
}

func (d *Decoder) badCode() error {
	if d.bits.over() {
		return d.ended()
	}
	d.pos = len(d.data) - len(d.bits.src)
	return d.bad("a Huffman code or run that cannot be")
}

// block decodes one sequential block into coef (natural order, zero but for
// what is written). It returns the zigzag position of the last coefficient and
// whether all codes were valid. This loop is most of the work of decoding.
func (b *bits) block(coef *[64]int16, dc, ac *huffman, pred *int32) (int, bool) {
	buf, pos, acc, n := b.buf, b.pos, b.acc, b.n
	if n < 32 {
		acc |= binary.BigEndian.Uint64(buf[pos:]) >> (n & 63)
		pos += int(63-n) >> 3
		n |= 56
	}
	e := dc.look[acc>>(64-lookBits)]
	acc <<= e & 63
	n -= uint(e & 63)
	diff := int32(e) >> 16
	if diff == 0 {
		size := uint(e>>8) & 255
		if e&63 == 0 {
			symbol, length := dc.long(acc)
			if length == 0 {
				return 0, false
			}
			size = uint(symbol)
			acc <<= length & 63
			n -= length
		}
		if size > 15 {
			return 0, false
		}
		if size > 0 {
			diff = extend(uint32(acc>>((64-size)&63)), int(size))
			acc <<= size & 63
			n -= size
		}
	}
	*pred += diff
	coef[0] = int16(*pred)

	last, k := 0, 1
	for k < 64 {
		acc |= binary.BigEndian.Uint64(buf[pos:]) >> (n & 63)
		pos += int(63-n) >> 3
		n |= 56
		// Two coefficients of at most lookBits each leave enough for any third.
		for range 3 {
			e = ac.look[acc>>(64-lookBits)]
			acc <<= e & 63
			n -= uint(e & 63)
			if e>>16 == 0 {
				break
			}
			k += int(e>>12) & 15
			coef[natural[k&127]&63] = int16(e >> 16)
			last = k
			k += 1 + int(e&endsHere)
			if k >= 64 {
				break
			}
		}
		if e>>16 != 0 {
			continue
		}
		symbol := uint(e>>8) & 255
		if e&63 == 0 {
			s, length := ac.long(acc)
			if length == 0 {
				return 0, false
			}
			symbol = uint(s)
			acc <<= length & 63
			n -= length
		}
		size := symbol & 15
		if size == 0 {
			if symbol != 0xF0 {
				break
			}
			k += 16
			continue
		}
		k += int(symbol >> 4)
		coef[natural[k&127]&63] = int16(extend(uint32(acc>>((64-size)&63)), int(size)))
		acc <<= size & 63
		n -= size
		last = k
		k++
	}
	if last == 63 && e&endsHere != 0 {
		// No end-of-block code follows the last coefficient: it was the next
		// block's bits that looked like one.
		acc = acc>>ac.eobLength | uint64(ac.eob)<<(64-ac.eobLength)
		n += uint(ac.eobLength)
	}
	b.pos, b.acc, b.n = pos, acc, n
	return last, last < 64
}
