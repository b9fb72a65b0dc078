package deflate

import "math/bits"

const (
	litCodes  = 286
	distCodes = 30
	endBlock  = 256
)

// lengthCode is how a length of a match is said.
type lengthCode struct {
	symbol uint16
	extra  uint8 // how many extra bits
	value  uint8 // of these
}

var lengthCodes = func() (all [maxMatch + 1]lengthCode) {
	base := 3
	for symbol := 257; symbol < 285; symbol++ {
		extra := symbolExtra(symbol)
		for v := range 1 << extra {
			all[base+v] = lengthCode{uint16(symbol), uint8(extra), uint8(v)}
		}
		base += 1 << extra
	}
	all[maxMatch] = lengthCode{symbol: 285} // the longest has a symbol of its own
	return all
}()

// symbolExtra is how many extra bits follow a literal, a length or the end.
func symbolExtra(symbol int) int {
	if symbol < 265 || symbol == 285 {
		return 0
	}
	return (symbol - 261) / 4
}

// distExtra is how many extra bits follow a distance.
func distExtra(symbol int) int { return max(0, symbol/2-1) }

// distSymbol is the symbol of a distance less one. Its extra bits are the lowest
// of that.
func distSymbol(distance int) int {
	n := bits.Len(uint(distance|2)) - 2
	return 2*n + distance>>n
}

// tally counts the symbols of a block.
type tally struct {
	lit    [litCodes]uint32
	dist   [distCodes + 2]uint32 // of a size that five bits cannot leave
	length [maxMatch + 1]uint32
	// parts count literals: a counter cannot be read back right after it was
	// written, so neighbours have several.
	parts [3][256]uint32
}

func (t *tally) pixel(word uint32) {
	t.parts[0][byte(word)]++
	t.parts[1][byte(word>>8)]++
	t.parts[2][byte(word>>16)]++
}

func (t *tally) literals(p []byte) {
	for _, b := range p {
		t.parts[0][b]++
	}
}

// sum fills in lit.
func (t *tally) sum() {
	for i := range 256 {
		t.lit[i] = t.parts[0][i] + t.parts[1][i] + t.parts[2][i]
	}
	t.lit[endBlock] = 1
	for i, n := range t.length {
		t.lit[lengthCodes[i].symbol] += n // nothing for lengths below three
	}
}
