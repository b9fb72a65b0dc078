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
// one of a single bit or none.
func randomCode(r *rand.Rand, n int) []uint8 {
	lengths := make([]uint8, n)
	if kind := r.IntN(24); kind < 2 {
		lengths[r.IntN(n)] = uint8(kind)
		return lengths
	}
	leaves := []uint8{1, 1}
	depth := 40 * r.IntN(2)
	for symbols := 2 + r.IntN(n-1); len(leaves) < symbols; {
		i := r.IntN(len(leaves)) // the one to split
		for range depth {
			if j := r.IntN(len(leaves)); leaves[j] > leaves[i] && leaves[j] < maxBits {
				i = j
			}
		}
		if leaves[i] == maxBits {
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
		for round := range rounds {
			for round%16 == 0 && !(build(d.lit[:], litBits, randomCode(r, litCodes), litEntries[:]) && build(d.dist[:], distBits, randomCode(r, distCodes), distEntries[:])) {
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
			for i := range d.buf {
				d.buf[i] = byte(7 * i)
			}
			d.to, d.count, d.state = r.IntN(size-slack), uint(r.IntN(8)), inCodes
			d.start, d.bits = r.IntN(d.to+1), uint64(r.IntN(1<<d.count))
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
