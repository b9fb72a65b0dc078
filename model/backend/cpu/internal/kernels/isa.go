package kernels

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
	"unsafe"
)

// CPU says which kernels this process runs.
type CPU struct {
	ISA   string // "avx512", "avx2", "neon" or "portable"
	Lanes int    // float32 values in a vector
}

// Info is the instruction set chosen at start-up: the best that the processor
// and the operating system support, or the one that the environment variable
// RETORT_CPU_ISA (portable, neon, avx2, avx512) asks for if it is supported (see Asked).
func Info() CPU { return active.CPU }

// isa is a set of kernels for one instruction set.
type isa struct {
	CPU
	rows   int       // of every register tile
	tiles  []tile    // by width, narrowest first
	peak   func(int) // n rounds of independent multiply-adds
	flops  float64   // of one round
	strips *stripKernels

	winoGradLeast int // channels from which winograd pays for kernel gradients
}

// tile is a pair of micro-kernels for one width.
type tile struct {
	cols   int // width in floats: a multiple of the vector
	gather gatherFunc
	outer  outerFunc
	many   manyFunc

	// A kernel of fewer or more rows that divide 16: nil if there is none.
	whole     outerFunc
	wholeRows int
}

// manyFunc computes count tiles of one tap, nothing added: a, b and c of each are a
// step after those of the last. ahead, if it is not nil, is what a processor that is
// told so fetches meanwhile, an *ahead.
type manyFunc func(c *float32, coff *int, a *float32, aoff *int, k int, b *float32, count, astep, bstep, cstep int, ahead *int)

// ahead is two ranges of memory of which a kernel asks for some lines with each tile:
// addresses, which may lie past the end of what they began in.
type ahead struct {
	place [2]uintptr
	lines int
}

// manyBy computes them by a gather kernel.
func manyBy(gather gatherFunc) manyFunc {
	return func(c *float32, coff *int, a *float32, aoff *int, k int, b *float32, count, astep, bstep, cstep int, _ *int) {
		for i := range count {
			gather(index(c, i*cstep), coff, index(a, i*astep), aoff, &firstTap, 1, k, index(b, i*bstep), 0, nil)
		}
	}
}

var firstTap int // always 0

// gatherFunc computes a tile of rows x cols of c from rows of a that lie
// anywhere and a panel of b:
//
//	c[coff[p]+j] (+)= Σ_t Σ_i a[aoff[p]+taps[t]+i] · b[(t·k+i)·cols+j]
//
// over ntaps taps t and the depth i < k. It adds to c if accumulate is not 0,
// and then applies fin, a *finish, if it is not nil. Where it does not add, c may
// be the residual of fin: what it reads there it reads before it writes.
type gatherFunc func(c *float32, coff *int, a *float32, aoff *int, taps *int, ntaps, k int, b *float32, accumulate int, fin *int)

// finish is what a gather kernel does to its tile last: column j of row p is
//
//	relu(scale[j]·c + offset[j] + residual[coff[p]+j])
type finish struct {
	scale, offset *float32 // as wide as the tile
	residual      *float32 // or nil
	relu          int      // or 0
}

// pointer is how the assembly generator knows f.
func (f *finish) pointer() *int { return (*int)(unsafe.Pointer(f)) }

// outerFunc computes a tile from columns of a, whose rows are adjacent, and
// rows of b, each a fixed step after the last:
//
//	c[coff[p]+j] (+)= Σ_t Σ_i a[taps[t]+i·astep+p] · b[(t·k+i)·bstep+j]
type outerFunc func(c *float32, coff *int, a *float32, taps *int, ntaps, k, astep int, b *float32, bstep, accumulate int)

// active is the set in use; tests change it.
var active = choose(os.Getenv(forced))

const forced = "RETORT_CPU_ISA"

// Asked reports an instruction set that RETORT_CPU_ISA asks for and that this
// machine cannot run.
func Asked() error {
	name := os.Getenv(forced)
	if name == "" || slices.Contains(Supported(), name) {
		return nil
	}
	return fmt.Errorf("%s = %q; this machine runs %s", forced, name, strings.Join(Supported(), ", "))
}

// Supported lists the instruction sets that this machine can run, best first.
func Supported() []string {
	var names []string
	for _, s := range supported() {
		names = append(names, s.ISA)
	}
	return names
}

// Use makes every kernel use one of the Supported sets, and returns what undoes
// it. It is for tests: no kernel may be running.
func Use(name string) (restore func()) {
	was := active
	active = choose(name)
	return func() { active = was }
}

func choose(name string) *isa {
	all := supported()
	for _, s := range all {
		if s.ISA == name {
			return s
		}
	}
	return all[0]
}

// widest is the widest tile; narrow is the narrowest that holds n columns, or
// else the widest.
func (s *isa) widest() tile { return s.tiles[len(s.tiles)-1] }

func (s *isa) narrow(n int) tile {
	for _, t := range s.tiles {
		if t.cols >= n {
			return t
		}
	}
	return s.widest()
}

// PeakGFLOPS measures the floating-point peak of the machine with loops of
// independent fused multiply-adds on the given number of cores, in 10⁹
// operations a second. It takes about 50 ms.
func PeakGFLOPS(cores int) float64 {
	cores = min(max(cores, 1), runtime.GOMAXPROCS(0))
	rates := make(chan float64, cores)
	for range cores {
		go func() { rates <- active.fmaRate(50 * time.Millisecond) }()
	}
	total := 0.0
	for range cores {
		total += <-rates
	}
	return total
}

// fmaRate is the rate of one core in GFLOP/s.
func (s *isa) fmaRate(d time.Duration) float64 {
	const block = 1 << 14
	start, rounds := time.Now(), 0
	for time.Since(start) < d {
		s.peak(block)
		rounds += block
	}
	return float64(rounds) * s.flops / float64(time.Since(start).Nanoseconds())
}
