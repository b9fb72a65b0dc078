package inflate

// header reads the head of a block and its codes.
func (d *deflate) header() error {
	h, err := d.take(3)
	if err != nil {
		return err
	}
	d.last = h&1 != 0
	switch h >> 1 {
	case 0:
		return d.storedHeader()
	case 1:
		d.fixed()
	case 2:
		if err := d.dynamic(); err != nil {
			return err
		}
	default:
		return damage("a block of an unknown kind")
	}
	d.state = inCodes
	return nil
}

func (d *deflate) storedHeader() error {
	drop := d.count & 7
	d.bits >>= drop
	d.count -= drop
	n, err := d.take(16)
	if err != nil {
		return err
	}
	inverse, err := d.take(16)
	if err != nil {
		return err
	}
	if n != inverse^0xffff {
		return damage("the length of a stored block contradicts itself")
	}
	d.stored, d.state = n, inStored
	if n == 0 {
		d.endBlock()
	}
	return nil
}

func (d *deflate) fixed() {
	var lengths [fixedCodes]uint8
	for i := range lengths {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		default:
			lengths[i] = 8
		}
	}
	build(d.lit[:], litBits, lengths[:], litEntries[:])
	for i := range 32 {
		lengths[i] = 5
	}
	build(d.dist[:], distBits, lengths[:32], distEntries[:])
}

// lengthOrder is the order in which the lengths of the codes of lengths come.
var lengthOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// lengthEntries are the symbols of that code, as literals.
var lengthEntries = func() (all [19]entry) {
	for i := range all {
		all[i] = literal | entry(i)<<8
	}
	return all
}()

func (d *deflate) dynamic() error {
	sizes, err := d.take(14)
	if err != nil {
		return err
	}
	lits, dists, n := sizes&31+257, sizes>>5&31+1, sizes>>10+4
	if lits > litCodes || dists > distCodes {
		return damage("a block with %d codes for lengths and %d for distances", lits, dists)
	}
	var lengths [19]uint8
	for _, symbol := range lengthOrder[:n] {
		v, err := d.take(3)
		if err != nil {
			return err
		}
		lengths[symbol] = uint8(v)
	}
	if !build(d.codes[:], 7, lengths[:], lengthEntries[:]) {
		return damage("a block whose lengths of codes have no code")
	}
	var all [litCodes + distCodes]uint8
	if err := d.lengths(all[:lits+dists]); err != nil {
		return err
	}
	if all[256] == 0 {
		return damage("a block without a code for its end")
	}
	if !build(d.lit[:], litBits, all[:lits], litEntries[:]) || !build(d.dist[:], distBits, all[lits:lits+dists], distEntries[:]) {
		return damage("a block whose codes are too many or too few for their lengths")
	}
	return nil
}

// lengths reads the lengths of codes, which are coded themselves.
func (d *deflate) lengths(all []uint8) error {
	for i := 0; i < len(all); {
		e, err := d.decode(d.codes[:], 7)
		if err != nil {
			return err
		}
		symbol := e.literal()
		if symbol < 16 {
			all[i] = symbol
			i++
			continue
		}
		again := [3]struct{ bits, least uint }{{2, 3}, {3, 3}, {7, 11}}[symbol-16]
		more, err := d.take(again.bits)
		if err != nil {
			return err
		}
		n := int(again.least) + more
		if i+n > len(all) || symbol == 16 && i == 0 {
			return damage("a block whose lengths of codes repeat too far")
		}
		for range n {
			if symbol == 16 {
				all[i] = all[i-1]
			}
			i++
		}
	}
	return nil
}
