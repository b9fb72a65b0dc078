//go:build unix

package inflate

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/retort-ml/retort/internal/guardpage"
)

// randomCode is the lengths of a code of up to n symbols: a complete one, rarely
// one of a single bit or none. Its longest are often as long as a table's first
// level allows.
func randomCode(r *rand.Rand, n, first int) []uint8 {
	lengths := make([]uint8, n)
	if kind := r.IntN(24); kind < 2 {
		lengths[r.IntN(n)] = uint8(kind)
		return lengths
	}
	leaves := []uint8{1, 1}
	depth, most := 40*r.IntN(2), uint8([]int{first, maxBits}[r.IntN(2)])
	for symbols := 2 + r.IntN(n-1); len(leaves) < symbols; {
		i := r.IntN(len(leaves)) // the one to split
		for range depth {
			if j := r.IntN(len(leaves)); leaves[j] > leaves[i] && leaves[j] < most {
				i = j
			}
		}
		if leaves[i] >= most {
			i = slices.Index(leaves, slices.Min(leaves))
		}
		leaves[i]++
		leaves = append(leaves, leaves[i])
	}
	for i, symbol := range r.Perm(n)[:len(leaves)] {
		lengths[symbol] = leaves[i]
	}
	return lengths
}

// symbolBits are n bytes of symbols that are all as likely, also those of the
// longest codes; distances are short where they can be.
func symbolBits(r *rand.Rand, lit, dist []uint8, n int) []byte {
	var b bitString
	put := func(lengths []uint8, below int) (symbol int) {
		for symbol = r.IntN(below); lengths[symbol] == 0 || symbol == 256; below = min(below+1, len(lengths)) {
			symbol = r.IntN(below)
		}
		code := 0 // the canonical one
		for i, length := range lengths {
			if length != 0 && (length < lengths[symbol] || length == lengths[symbol] && i < symbol) {
				code += 1 << (lengths[symbol] - min(length, lengths[symbol]))
			}
		}
		b.code(code, int(lengths[symbol]))
		return symbol
	}
	for len(b.bytes) <= n {
		if symbol := put(lit, len(lit)); symbol > 256 {
			b.put(int(r.Uint32()), int(litEntries[symbol].extra()))
			b.put(int(r.Uint32()), distExtra(put(dist, 8)))
		}
	}
	return b.bytes[:n]
}

// Both loops do with any code and any bits what slow does symbol by symbol, and
// touch nothing outside of the input and the buffer: an access beyond would end
// the test.
func TestLoopsBetweenGuards(t *testing.T) {
	const mostIn, mostBuf, rounds = 300, 3 * slack, 10_000
	inEnd, inBegin := guardpage.Bytes(t, mostIn)
	bufEnd, bufBegin := guardpage.Bytes(t, mostBuf)
	for name, loop := range map[string]func(d *deflate, in []byte, limit int) (at, distance int, _ outcome){
		"Go": (*deflate).symbols, "this machine's": func(d *deflate, in []byte, limit int) (at, distance int, _ outcome) {
			if useBMI2 {
				return d.symbolsBMI2(in, limit)
			}
			return d.symbols(in, limit)
		},
	} {
		r := rand.New(rand.NewPCG(5, 6))
		d := newDeflate(nil)
		var outcomes [4]int
		var lit, dist []uint8
		for round := range rounds {
			if round%16 == 0 {
				lit, dist = randomCode(r, litCodes, litBits), randomCode(r, distCodes, distBits)
				if !build(d.lit[:], litBits, lit, litEntries[:]) || !build(d.dist[:], distBits, dist, distEntries[:]) {
					t.Fatalf("%v or %v is no code", lit, dist)
				}
			}
			n, size := 16+r.IntN(mostIn-15), slack+1+r.IntN(mostBuf-slack)
			in := inEnd[mostIn-n:]
			d.buf = bufEnd[mostBuf-size:]
			if r.IntN(2) == 0 {
				in, d.buf = inBegin[:n], bufBegin[:size:size]
			}
			mask := byte(r.Uint32() | r.Uint32()) // zeros are likely: short codes
			for i := range in {
				in[i] = byte(r.Uint32()) & mask
			}
			if round%2 == 0 && slices.Max(lit) > 1 && slices.Max(dist) > 0 {
				copy(in, symbolBits(r, lit, dist, n))
			}
			for i := range d.buf {
				d.buf[i] = byte(7 * i)
			}
			d.to, d.count, d.state = r.IntN(size-slack), uint(r.IntN(8)), inCodes
			d.start, d.bits = r.IntN(d.to+1)*r.IntN(2), uint64(r.IntN(1<<d.count))
			outcomes[checkLoop(t, fmt.Sprintf("%s, round %d", name, round), d, in, loop)]++
		}
		if slices.Min(outcomes[:]) < 100 {
			t.Errorf("%s: %v of the outcomes", name, outcomes)
		}
	}
}

// checkLoop fails unless the loop leaves what slow leaves after as many bits.
func checkLoop(t *testing.T, name string, d *deflate, in []byte, loop func(d *deflate, in []byte, limit int) (at, distance int, _ outcome)) outcome {
	t.Helper()
	twin := *d
	twin.in, twin.buf = bufio.NewReader(bytes.NewReader(in)), bytes.Clone(d.buf)
	_, _ = twin.in.Peek(1)
	at, distance, outcome := loop(d, in, len(d.buf)-slack)
	left := func() int { return 8*twin.in.Buffered() + int(twin.count) }
	want := 8*(len(in)-at) + int(d.count)
	var err, wantErr error
	for err == nil && twin.state == inCodes && (outcome == noCode || outcome == tooFar || left() > want) {
		err = twin.slow()
	}
	switch outcome {
	case noCode:
		wantErr = damage("a code that stands for nothing")
	case tooFar:
		wantErr = damage("a distance of %d that reaches before the beginning", distance)
	default:
		if left() != want || d.bits&(1<<twin.count-1) != twin.bits {
			t.Fatalf("%s: leaves %d bits, want %d", name, want, left())
		}
	}
	if fmt.Sprint(err) != fmt.Sprint(wantErr) || (outcome == blockEnded) != (twin.state != inCodes) {
		t.Fatalf("%s: outcome %d, slow says %v", name, outcome, err)
	}
	if d.to != twin.to || !bytes.Equal(d.buf[:d.to], twin.buf[:d.to]) {
		t.Fatalf("%s: %d bytes, or others than the %d of slow", name, d.to, twin.to)
	}
	return outcome
}
