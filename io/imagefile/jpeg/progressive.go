package jpeg

// progressiveScan reads one scan of a progressive image (T.81 annex G).
func (d *Decoder) progressiveScan() error {
	s, b := &d.scan, &d.bits
	switch {
	case s.first == 0 && s.high == 0:
		return d.eachBlock(func(i int, c *component, coef *[64]int16) bool {
			return b.dcFirst(coef, s.dc[i], &c.pred, s.low)
		})
	case s.first == 0:
		return d.eachBlock(func(_ int, _ *component, coef *[64]int16) bool {
			b.fill()
			coef[0] |= int16(b.take(1)) << s.low
			return true
		})
	case s.high == 0:
		return d.eachBlock(func(_ int, _ *component, coef *[64]int16) bool {
			return b.acFirst(coef, s)
		})
	}
	return d.eachBlock(func(_ int, _ *component, coef *[64]int16) bool {
		return b.acRefine(coef, s)
	})
}

func (b *bits) dcFirst(coef *[64]int16, h *huffman, pred *int32, low int) bool {
	size, ok := b.symbol(h)
	if !ok || size > 15 {
		return false
	}
	if size > 0 {
		*pred += extend(b.take(uint(size)), int(size))
	}
	coef[0] = int16(*pred << low)
	return true
}

// run reads the length of a run of blocks without further coefficients, this
// block included.
func (b *bits) run(r byte) int {
	return 1<<r + int(b.take(uint(r)))
}

func (b *bits) acFirst(coef *[64]int16, s *scan) bool {
	if s.eobRun > 0 {
		s.eobRun--
		return true
	}
	for k := s.first; k <= s.last; k++ {
		symbol, ok := b.symbol(s.ac[0])
		if !ok {
			return false
		}
		r, size := symbol>>4, symbol&15
		if size == 0 {
			if r < 15 {
				s.eobRun = b.run(r) - 1
				return true
			}
			k += 15
			continue
		}
		k += int(r)
		if k > s.last {
			return false
		}
		coef[natural[k&127]&63] = int16(extend(b.take(uint(size)), int(size)) << s.low)
	}
	return true
}

// acRefine adds one bit to the coefficients already known and places new ones
// between them (T.81 G.1.2.3).
func (b *bits) acRefine(coef *[64]int16, s *scan) bool {
	k := s.first
	delta := int16(1) << s.low
	if s.eobRun == 0 {
		for k <= s.last {
			symbol, ok := b.symbol(s.ac[0])
			if !ok {
				return false
			}
			zeros, value := int(symbol>>4), int16(0)
			switch symbol & 15 {
			case 0:
				if zeros < 15 {
					s.eobRun = b.run(byte(zeros))
					zeros = -1
				}
			case 1:
				value = delta
				if b.take(1) == 0 {
					value = -delta
				}
			default:
				return false
			}
			if zeros < 0 {
				break
			}
			k = b.refine(coef, k, s.last, zeros, delta)
			if value != 0 {
				if k > s.last {
					return false
				}
				coef[natural[k&127]&63] = value
			}
			k++
		}
	}
	if s.eobRun > 0 {
		s.eobRun--
		b.refine(coef, k, s.last, -1, delta)
	}
	return true
}

// refine reads a correction bit for each non-zero coefficient from k on, until
// it has passed zeros zero ones (none stops it if zeros is negative). It
// returns where it stopped.
func (b *bits) refine(coef *[64]int16, k, last, zeros int, delta int16) int {
	for ; k <= last; k++ {
		p := &coef[natural[k&127]&63]
		if *p == 0 {
			if zeros == 0 {
				break
			}
			zeros--
			continue
		}
		b.fill()
		if b.take(1) == 0 || *p&delta != 0 {
			continue
		}
		if *p >= 0 {
			*p += delta
		} else {
			*p -= delta
		}
	}
	return k
}
