package imagefile

import (
	"bytes"
	"strconv"
)

// pnmFile is the header of a PBM, PGM, PPM (P1 to P6) or PAM (P7).
type pnmFile struct {
	width, height int
	depth         int // samples a pixel
	most          int // the value of full light
	text          bool
	bits          bool // a pixel is a bit, 1 is black
	data          []byte
}

func pnmHeader(data []byte, h *header) error {
	p, err := scanPNM(data)
	if err != nil {
		return err
	}
	h.width, h.height = p.width, p.height
	return plausible(*h, data, int64(h.height)*int64(p.rowBytes()))
}

// rowBytes is the least that a row takes.
func (p *pnmFile) rowBytes() int {
	switch n := p.width * p.depth; {
	case p.bits && !p.text:
		return (n + 7) / 8
	case p.most > 255 && !p.text:
		return 2 * n
	default:
		return n
	}
}

func scanPNM(data []byte) (*pnmFile, error) {
	kind := data[1] - '0'
	t := words{data: data[2:]}
	p := &pnmFile{depth: 1, most: 1, text: kind <= 3, bits: kind == 1 || kind == 4}
	if kind == 7 {
		if err := p.scanPAM(&t); err != nil {
			return nil, err
		}
	} else {
		if kind == 3 || kind == 6 {
			p.depth = 3
		}
		p.width, p.height = t.number(), t.number()
		if !p.bits {
			p.most = t.number()
		}
	}
	switch {
	case t.short || t.ended:
		return nil, reject(Truncated, "pnm: the data ends inside the header")
	case t.bad || p.width <= 0 || p.height <= 0 || p.most < 1 || p.most > 65535 || p.depth < 1 || p.depth > 4:
		return nil, reject(Corrupt, "pnm: a header that cannot be")
	}
	p.data = t.data[min(1, len(t.data)):]
	return p, nil
}

// scanPAM reads lines of a key and a value.
func (p *pnmFile) scanPAM(t *words) error {
	for !t.short && !t.ended && !t.bad {
		switch key := string(t.word()); key {
		case "WIDTH":
			p.width = t.number()
		case "HEIGHT":
			p.height = t.number()
		case "DEPTH":
			p.depth = t.number()
		case "MAXVAL":
			p.most = t.number()
		case "TUPLTYPE":
			t.word()
		case "ENDHDR":
			return nil
		default:
			t.bad = true
		}
	}
	return nil
}

func decodePNM(data []byte, h header, out *RGB) error {
	p, err := scanPNM(data)
	if err != nil {
		return err
	}
	out.resize(h.width, h.height)
	row := make([]uint8, p.width*p.depth)
	t := words{data: p.data}
	for y := range p.height {
		if err := p.row(&t, y, row); err != nil {
			return err
		}
		to := out.Pix[3*p.width*y:][:3*p.width]
		for x := range p.width {
			s := row[x*p.depth:][:p.depth]
			q := to[3*x : 3*x+3]
			if p.depth < 3 {
				put(q, s[0], s[0], s[0])
			} else {
				copy(q, s[:3])
			}
			if a := s[p.depth-1]; p.depth%2 == 0 {
				put(q, over(q[0], a), over(q[1], a), over(q[2], a))
			}
		}
	}
	return nil
}

// row reads a row's samples, and scales them to 8 bits.
func (p *pnmFile) row(t *words, y int, row []uint8) error {
	size := p.rowBytes()
	if !p.text && len(p.data) < (y+1)*size {
		return reject(Truncated, "pnm: %d of %d rows", y, p.height)
	}
	for i := range row {
		var v int
		switch at := y * size; {
		case p.text && p.bits:
			v = 1 - t.bit()
		case p.text:
			v = t.number()
		case p.bits:
			v = 1 - int(p.data[at+i/8]>>(7-i%8)&1)
		case p.most > 255:
			v = int(word(p.data[at+2*i:]))
		default:
			v = int(p.data[at+i])
		}
		row[i] = uint8((min(v, p.most)*255 + p.most/2) / p.most)
	}
	switch {
	case t.short:
		return reject(Truncated, "pnm: %d of %d rows", y, p.height)
	case t.bad:
		return reject(Corrupt, "pnm: no number in row %d", y)
	}
	return nil
}

// words reads a header, and pixels that are text.
type words struct {
	data       []byte
	short, bad bool
	ended      bool // nothing stood behind a word
}

// skip passes over white space and comments.
func (t *words) skip() {
	for {
		t.data = bytes.TrimLeft(t.data, " \t\r\n\v\f")
		if len(t.data) == 0 || t.data[0] != '#' {
			break
		}
		_, t.data, _ = bytes.Cut(t.data, []byte("\n"))
	}
	t.short = t.short || len(t.data) == 0
}

func (t *words) word() []byte {
	t.skip()
	n := bytes.IndexAny(t.data, " \t\r\n\v\f#")
	if n < 0 {
		n, t.ended = len(t.data), true
	}
	w := t.data[:n]
	t.data = t.data[n:]
	return w
}

func (t *words) number() int {
	n, err := strconv.ParseUint(string(t.word()), 10, 31)
	t.bad = t.bad || err != nil && !t.short
	return int(n)
}

// bit reads one digit: nothing need stand between them.
func (t *words) bit() int {
	t.skip()
	if t.short {
		return 0
	}
	b := t.data[0]
	t.data = t.data[1:]
	t.bad = t.bad || b != '0' && b != '1'
	return int(b & 1)
}

// pnmHead: the two letters stand before white space or a comment.
func pnmHead(head []byte) bool {
	return len(head) > 2 && head[1] >= '1' && head[1] <= '7' && bytes.IndexByte([]byte(" \t\r\n#"), head[2]) >= 0
}
