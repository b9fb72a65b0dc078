package augment

import (
	"encoding/binary"
	"math/bits"
)

// Key names one view of one image. Every random number of the view is a
// function of its key and of nothing else: not of time, worker or order.
type Key struct {
	Seed  uint64
	Image [16]byte // the image's id
	Pass  int      // which pass over the data, 0..2^32-1
	View  int      // which view of the pass, 0..2^32-1
}

// generator is Philox4x64-10 (Salmon et al. 2011), a counter-based generator:
// block i of a key is a keyed bijection of (i, pass and view, image id), so
// two keys can never share a stream.
type generator struct {
	counter [4]uint64
	seed    uint64
}

func newGenerator(k Key) generator {
	return generator{
		seed: k.Seed,
		counter: [4]uint64{
			1: uint64(uint32(k.Pass))<<32 | uint64(uint32(k.View)),
			2: binary.LittleEndian.Uint64(k.Image[:8]),
			3: binary.LittleEndian.Uint64(k.Image[8:]),
		},
	}
}

// block is four random words. Each purpose reads a block of its own, so that a
// setting changes only what it is about: the crops are the same with and
// without blur.
func (g *generator) block(purpose uint64) [4]uint64 {
	counter := g.counter
	counter[0] = purpose
	return philox(counter, [2]uint64{g.seed, 0x5265746f72742e31})
}

func philox(c [4]uint64, k [2]uint64) [4]uint64 {
	for range 10 {
		hi0, lo0 := bits.Mul64(0xD2E7470EE14C6C93, c[0])
		hi1, lo1 := bits.Mul64(0xCA5A826395121157, c[2])
		c = [4]uint64{hi1 ^ c[1] ^ k[0], lo1, hi0 ^ c[3] ^ k[1], lo0}
		k[0] += 0x9E3779B97F4A7C15
		k[1] += 0xBB67AE8584CAA73B
	}
	return c
}

// The purposes of a key's blocks; attempt i at a crop reads block attempts+i.
const (
	chances  = iota // jitter, gray, blur, solarize
	factors         // brightness, contrast, saturation, hue
	leftover        // flip, order, sigma
	attempts
)

// unit is a number in [0, 1) in steps of 2^-53.
func unit(word uint64) float64 { return float64(word>>11) * (1.0 / (1 << 53)) }

// happens is true with probability p, always for 1 and never for 0.
func happens(word uint64, p float64) bool { return unit(word) < p }

// between is uniform in [lo, hi).
func between(word uint64, lo, hi float64) float64 {
	return lo + float64(unit(word)*(hi-lo))
}

// below is uniform in 0..n-1, n > 0; its bias is at most n/2^64.
func below(word uint64, n int) int {
	hi, _ := bits.Mul64(word, uint64(n))
	return int(hi)
}
