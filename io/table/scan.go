package table

import "unicode/utf8"

// scan gathers, byte by byte, what tells encodings apart.
type scan struct {
	head []byte // the first bytes
	size int64
	line int      // line ends so far
	nuls [2]int64 // at even and at odd offsets

	tail    []byte // the beginning of a character that the last piece cut
	badLine int    // line, from 1, of the first byte that is no UTF-8; 0: none
	badByte byte

	high, letters int64 // bytes from 0x80 on; those of them that read like Western European text
	run           int   // such bytes in a row
	longest       int
	last          byte
}

const headLen = 16

// Write looks at the next piece of the text.
func (s *scan) Write(p []byte) (int, error) {
	if len(s.head) < headLen {
		s.head = append(s.head, p[:min(len(p), headLen-len(s.head))]...)
	}
	s.utf8(p, false)
	for _, b := range p {
		if b == 0 {
			s.nuls[s.size&1]++
		}
		s.size++
		s.byte(b)
	}
	return len(p), nil
}

func (s *scan) end() { s.utf8(nil, true) }

// utf8 checks p behind what was cut before.
func (s *scan) utf8(p []byte, last bool) {
	if s.badLine > 0 {
		return
	}
	text := p
	if len(s.tail) > 0 {
		text = append(s.tail, p...)
	}
	for i := 0; i < len(text); {
		switch b := text[i]; {
		case b == '\n' || b == '\r' && (i+1 == len(text) || text[i+1] != '\n'):
			s.line++
			i++
		case b < utf8.RuneSelf:
			i++
		case !last && !utf8.FullRune(text[i:]):
			s.tail = append([]byte(nil), text[i:]...)
			return
		default:
			r, n := utf8.DecodeRune(text[i:])
			if r == utf8.RuneError && n <= 1 {
				s.badLine, s.badByte = s.line+1, b
				return
			}
			i += n
		}
	}
	s.tail = nil
}

// byte judges a byte as a character of Windows-1252.
func (s *scan) byte(b byte) {
	if b < 0x80 {
		s.run = 0
		s.last = b
		return
	}
	s.high++
	s.run++
	s.longest = max(s.longest, s.run)
	if plausible(s.last, b) {
		s.letters++
	}
	s.last = b
}

// western reports whether the text reads like Windows-1252: every byte from 0x80
// on is a letter or a sign that words have, and never many in a row, as those of
// other alphabets and of mixed encodings are.
func (s *scan) western() bool { return s.letters == s.high && s.longest <= 2 }

// plausible reports whether b, in Windows-1252, may follow the byte before it.
func plausible(before, b byte) bool {
	lower := before >= 'a' && before <= 'z'
	switch {
	case b == 0xd7 || b == 0xf7: // signs of arithmetic among the letters
		return false
	case b >= 0xdf: // small letters
		return true
	case b >= 0xc0 || b == 0x8a || b == 0x8c || b == 0x8e || b == 0x9f: // capitals
		return !lower && before < 0x80
	case b == 0x9a || b == 0x9c || b == 0x9e: // small letters
		return true
	case b == 0x91 || b == 0x92 || b == 0x93 || b == 0x94 || b == 0x96 || b == 0x97 || b == 0x80:
		return before < 0x80 // quotation marks, dashes, the euro
	case b == 0xa0 || b == 0xb0 || b == 0xb2 || b == 0xb3 || b == 0xb5 || b == 0xba || b == 0xaa || b == 0xa7 || b == 0xa3:
		return before < 0x80 // blank, degree, powers, micro, ordinals, section, pound
	}
	return false
}
