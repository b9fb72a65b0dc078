package imagefile

import "strings"

// Lenient says what an image had that its format forbids, or leaves open, and
// that did not keep it from being read: a set of the kinds below.
type Lenient uint8

// The kinds of lenient reading.
const (
	WrongChecksum Lenient = 1 << iota // a checksum is wrong where it does not touch the pixels
	SurplusData                       // more data than the picture has rows
	DamagedTail                       // cut or damaged behind the picture
	NoColourTable                     // no colour table; the picture is gray
	UnmarkedCMYK                      // nothing says whether 0 is full ink or none; taken for full, as programs do
)

// lenientNames are the kinds' names in an index, in the order of the bits, and
// what they mean.
var lenientNames = [...]struct{ name, meaning string }{
	{"wrong-checksum", "a checksum is wrong where it does not touch the pixels"},
	{"surplus-data", "more data than the picture has rows"},
	{"damaged-tail", "cut or damaged behind the picture"},
	{"no-colour-table", "no colour table; the picture is gray"},
	{"unmarked-cmyk", "CMYK that does not say whether 0 is full ink or none; taken for full, as other programs do"},
}

// Each calls visit with the name and the meaning of every kind in the set.
func (l Lenient) Each(visit func(name, meaning string)) {
	for i, n := range lenientNames {
		if l>>i&1 != 0 {
			visit(n.name, n.meaning)
		}
	}
}

// String lists the names, separated by commas.
func (l Lenient) String() string {
	var names []string
	l.Each(func(name, _ string) { names = append(names, name) })
	return strings.Join(names, ",")
}

// note adds to what the caller of Decode asked to be told.
func (h *header) note(l Lenient) {
	if h.lenient != nil {
		*h.lenient |= l
	}
}
