package inflate

import "math/bits"

// An entry of a table says what a code stands for:
//
//	bits 0-7    length of the code in bits, within a subtable the whole length
//	bits 8-15   a literal; or the number of extra bits; or, of a link, the bits
//	            that index its subtable
//	bits 16-28  the base that extra bits are added to (of a distance, its place in
//	            distBase); of a link, the subtable's place
//	bits 29-31  what it is; none of them set: a length or a distance
//
// The zero entry is no code.
type entry uint32

const (
	literal entry = 1 << 31
	link    entry = 1 << 30
	end     entry = 1 << 29

	maxBits    = 15
	litBits    = 11 // of the first level of a table
	distBits   = 9
	litCodes   = 286
	distCodes  = 30
	fixedCodes = 288 // of literals and lengths in the fixed code
)

func (e entry) bits() uint       { return uint(e & 0xff) }
func (e entry) literal() byte    { return byte(e >> 8) }
func (e entry) extra() uint      { return uint(e>>8) & 0xff }
func (e entry) base() int        { return int(e >> 16 & 0x1fff) }
func (e entry) with(n int) entry { return e | entry(n) }

// litTable and distTable have room for a first level and for subtables of the
// longest code, each of two codes only.
type (
	litTable  [1<<litBits + litCodes/2<<(maxBits-litBits)]entry
	distTable [1<<distBits + distCodes/2<<(maxBits-distBits)]entry
)

// What the symbols of each code stand for, without the length of their codes;
// zero: nothing.
var (
	litEntries  = makeLitEntries()
	distEntries = makeDistEntries()
	distBase    = makeDistBase()
)

func makeLitEntries() (all [fixedCodes]entry) {
	for i := range 256 {
		all[i] = literal | entry(i)<<8
	}
	all[256] = end
	base, extra := 3, 0
	for i := 257; i < 285; i++ {
		if i >= 265 {
			extra = (i - 261) / 4
		}
		all[i] = entry(extra)<<8 | entry(base)<<16
		base += 1 << extra
	}
	all[285] = 258 << 16
	return all
}

func distExtra(symbol int) int { return max(0, symbol/2-1) }

func makeDistEntries() (all [32]entry) {
	for i := range distCodes {
		all[i] = entry(distExtra(i))<<8 | entry(i+1)<<16
	}
	return all
}

func makeDistBase() (base [32]int) {
	next := 1
	for i := range distCodes {
		base[i+1] = next
		next += 1 << distExtra(i)
	}
	return base
}

// build fills a table whose first level is indexed by first bits with the codes
// of the given lengths. It reports whether the lengths make a code: a complete
// one, one of a single bit, or none.
func build(table []entry, first int, lengths []uint8, entries []entry) bool {
	var count [maxBits + 1]int
	for _, n := range lengths {
		count[n]++
	}
	count[0] = 0
	code, longest := 0, 0
	var next [maxBits + 2]int
	for n := 1; n <= maxBits; n++ {
		code <<= 1
		next[n] = code
		code += count[n]
		if code > 1<<n {
			return false
		}
		if count[n] > 0 {
			longest = n
		}
	}
	if complete := code == 1<<maxBits; !complete && longest > 1 {
		return false
	}
	level := table[:1<<first]
	clear(level)
	free := len(level)
	for symbol, n := range lengths {
		if n == 0 {
			continue
		}
		n := int(n)
		reversed := int(bits.Reverse16(uint16(next[n])) >> (16 - n))
		next[n]++
		e := entries[symbol].with(n)
		if entries[symbol] == 0 {
			e = 0
		}
		if n <= first {
			for i := reversed; i < len(level); i += 1 << n {
				level[i] = e
			}
			continue
		}
		head := &level[reversed&(len(level)-1)]
		if *head == 0 { // the subtable is as wide as the longest code
			width := longest - first
			if free+1<<width > len(table) {
				return false
			}
			*head = link | entry(width)<<8 | entry(free)<<16 | entry(first)
			clear(table[free : free+1<<width])
			free += 1 << width
		}
		sub := table[head.base():][:1<<head.extra()]
		for i := reversed >> first; i < len(sub); i += 1 << (n - first) {
			sub[i] = e
		}
	}
	return true
}
