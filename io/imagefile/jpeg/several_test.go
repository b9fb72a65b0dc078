package jpeg

import (
	"math/rand/v2"
	"testing"
)

// randomTable makes a Huffman table that an encoder could have sent: of few or
// many codes, short or long, with or without an end-of-block code.
func randomTable(r *rand.Rand, dc bool) *huffman {
	for {
		raw := make([]byte, 16)
		room, n := 1, 0 // codes left at the length
		for length := range raw {
			room *= 2
			if r.UintN(3) > 0 || length == 15 {
				raw[length] = byte(r.IntN(min(room, 40)))
			}
			room -= int(raw[length])
			n += int(raw[length])
		}
		if n == 0 || n > 256 {
			continue
		}
		for range n {
			symbol := byte(r.Uint32())
			if dc {
				symbol %= 13
			} else if r.UintN(2) == 0 {
				symbol &= 0x33 // as in photos: short runs of small values
			}
			raw = append(raw, symbol)
		}
		h := new(huffman)
		if h.build(raw, dc) {
			h.needLook()
			h.needCodes()
			return h
		}
	}
}

// shortRuns is a table whose codes of long runs are short: a look-up sees runs
// that no block has room for.
func shortRuns() *huffman {
	raw := make([]byte, 16)
	raw[0], raw[1], raw[2], raw[3] = 1, 1, 1, 1
	h := new(huffman)
	h.build(append(raw, 0xF0, 0xE1, 0x01, 0x00), false)
	h.needLook()
	h.needCodes()
	return h
}

// FuzzSeveralMatchesOne decodes random bits by random tables, one code at a time
// and several.
func FuzzSeveralMatchesOne(f *testing.F) {
	for seed := range uint64(300) {
		f.Add(seed, []byte(nil))
	}
	f.Fuzz(func(t *testing.T, seed uint64, data []byte) {
		if !useBMI2 {
			t.Skip("no BMI2")
		}
		r := rand.New(rand.NewPCG(seed, 2))
		dc, ac := randomTable(r, true), randomTable(r, false)
		if seed%4 == 0 {
			ac = shortRuns()
		}
		ac.needSeveral(1)
		for len(data) < 2000 {
			data = append(data, byte(r.Uint32()>>r.UintN(8)))
		}
		n := len(data)
		buf := append(data, make([]byte, pad)...)
		one := bits{buf: buf, end: n}
		several, skip := Decoder{bits: one}, Decoder{bits: one}
		var predOne int32
		var c, cSkip component
		var cRun component
		running := Decoder{bits: one, units: []unit{{c: &cRun, dc: dc, ac: ac, several: ac.several, pred: &cRun.pred}}}
		running.bits.whole, running.bits.end = true, n
		u := unit{c: &c, dc: dc, ac: ac, several: ac.several}
		uSkip := unit{c: &cSkip, dc: dc, ac: ac, several: ac.several}
		for one.pos < n {
			var want, got [64]int16
			lastWant, okWant := one.block(&want, dc, ac, &predOne)
			lastGot, okGot := several.wanted(&got, &u)
			okSkip := skip.skip(&uSkip)
			if okGot != okWant || okSkip != okWant {
				t.Fatalf("a block is good: %v one code at a time, %v several, %v skipped", okWant, okGot, okSkip)
			}
			running.run.coefs[0] = [64]int16{}
			errRun := running.runCoefs(1)
			if okRun := errRun == nil; okRun != (okWant && !one.over()) && one.pos <= n {
				t.Fatalf("a block is good: %v one code at a time; in a run: %v", okWant, errRun)
			}
			if !okWant {
				return
			}
			if errRun == nil && (running.run.coefs[0] != want || int(running.run.lasts[0]) < lastWant || cRun.pred != predOne || running.bits.taken() != one.taken()) {
				t.Fatalf("in a run: last %d, want %d; DC %d, want %d; block\n%v\nwant\n%v", running.run.lasts[0], lastWant, cRun.pred, predOne, running.run.coefs[0], want)
			}
			if got != want || lastGot < lastWant || c.pred != predOne || cSkip.pred != predOne {
				t.Fatalf("last %d, want %d; DC %d, skipped %d; block\n%v\nwant\n%v", lastGot, lastWant, c.pred, cSkip.pred, got, want)
			}
			if several.bits.taken() != one.taken() || skip.bits.taken() != one.taken() {
				t.Fatalf("%d bits taken, %d skipped, want %d", several.bits.taken(), skip.bits.taken(), one.taken())
			}
		}
	})
}

// taken is how many bits of buf were taken.
func (b *bits) taken() int { return 8*b.pos - int(b.n) }
