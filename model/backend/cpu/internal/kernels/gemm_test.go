package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"unsafe"
)

// eachISA runs the test once for every instruction set of this machine.
func eachISA(t *testing.T, test func(t *testing.T)) {
	defer func(was *isa) { active = was }(active)
	for _, s := range supported() {
		active = s
		t.Run(s.ISA, test)
	}
}

// sameAcrossThreads runs f under several GOMAXPROCS and wants the same bits.
func sameAcrossThreads(t *testing.T, f func() []float32) {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var want []float32
	for _, procs := range []int{1, 2, 3, 8} {
		runtime.GOMAXPROCS(procs)
		got := f()
		if want == nil {
			want = append(want, got...)
			continue
		}
		for i := range want {
			if math.Float32bits(want[i]) != math.Float32bits(got[i]) {
				t.Fatalf("element %d is %v on %d threads and %v on 1", i, got[i], procs, want[i])
			}
		}
	}
}

func random(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// near wants got within tol times the scale of the sum behind each element.
func near(t *testing.T, what string, got []float32, want, scale []float64, tol float64) {
	t.Helper()
	for i := range want {
		if d := math.Abs(float64(got[i]) - want[i]); !(d <= tol*scale[i]+1e-30) && !sameSpecial(float64(got[i]), want[i]) {
			t.Fatalf("%s: element %d is %v; want %v within %.1g", what, i, got[i], want[i], tol*scale[i])
		}
	}
}

func sameSpecial(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

// naiveGemm is the twin of Gemm in float64, with the sum of magnitudes.
func naiveGemm(c, a []float32, b []float32, ldc, lda, ldb int, transA, transB bool, m, n, k int, accumulate bool) (want, scale []float64) {
	at := func(i, j, ld int, trans bool) int {
		if trans {
			return j*ld + i
		}
		return i*ld + j
	}
	want, scale = make([]float64, len(c)), make([]float64, len(c))
	for i, v := range c {
		want[i] = float64(v)
	}
	for i := range m {
		for j := range n {
			sum, mag := 0.0, 1e-6
			if accumulate {
				sum, mag = float64(c[i*ldc+j]), math.Abs(float64(c[i*ldc+j]))
			}
			for p := range k {
				v := float64(a[at(i, p, lda, transA)]) * float64(b[at(p, j, ldb, transB)])
				sum, mag = sum+v, mag+math.Abs(v)
			}
			want[i*ldc+j], scale[i*ldc+j] = sum, mag
		}
	}
	return want, scale
}

func TestGemmMatchesNaive(t *testing.T) {
	sizes := [][3]int{{1, 1, 1}, {1, 1, 0}, {3, 5, 7}, {12, 32, 8}, {13, 33, 9}, {24, 16, 1}, {121, 70, 5}, {7, 130, 400}, {64, 64, 64}, {250, 3, 390}}
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, size := range sizes {
			for mode := range 8 {
				m, n, k := size[0], size[1], size[2]
				transA, transB, accumulate := mode&1 != 0, mode&2 != 0, mode&4 != 0
				lda, ldb, ldc := k+r.IntN(3), n+r.IntN(3), n+r.IntN(3)
				rowsA, rowsB := m, k
				if transA {
					lda, rowsA = m+r.IntN(3), k
				}
				if transB {
					ldb, rowsB = k+r.IntN(3), n
				}
				a, b, c := random(r, rowsA*lda), random(r, rowsB*ldb), random(r, m*ldc)
				want, scale := naiveGemm(c, a, b, ldc, lda, ldb, transA, transB, m, n, k, accumulate)
				Gemm(Matrix{Data: c, LD: ldc}, Matrix{Data: a, LD: lda, Trans: transA}, Matrix{Data: b, LD: ldb, Trans: transB}, Product{M: m, N: n, K: k, Accumulate: accumulate})
				near(t, fmt.Sprintf("m=%d n=%d k=%d transA=%v transB=%v accumulate=%v", m, n, k, transA, transB, accumulate), c, want, scale, 1e-6)
			}
		}
	})
}

func TestGemmOfABatchMatchesOneByOne(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		const m, n, k, batch = 13, 35, 20, 5
		for _, strideB := range []int{0, k * n} {
			a, b := random(r, batch*m*k), random(r, batch*k*n)
			got, want := make([]float32, batch*m*n), make([]float32, batch*m*n)
			Gemm(Matrix{Data: got, LD: n, Stride: m * n}, Matrix{Data: a, LD: k, Stride: m * k}, Matrix{Data: b, LD: n, Stride: strideB}, Product{M: m, N: n, K: k, Batch: batch})
			for i := range batch {
				Gemm(Matrix{Data: want[i*m*n:], LD: n}, Matrix{Data: a[i*m*k:], LD: k}, Matrix{Data: b[i*strideB:], LD: n}, Product{M: m, N: n, K: k})
			}
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("strideB=%d: element %d is %v; want %v", strideB, i, got[i], want[i])
				}
			}
		}
	})
}

func TestGemmSameBitsOnAnyThreads(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		const m, n, k = 300, 130, 500
		a, b := random(r, m*k), random(r, k*n)
		sameAcrossThreads(t, func() []float32 {
			c := make([]float32, m*n)
			Gemm(Matrix{Data: c, LD: n}, Matrix{Data: a, LD: k}, Matrix{Data: b, LD: n}, Product{M: m, N: n, K: k})
			return c
		})
	})
}

func BenchmarkGemm(b *testing.B) {
	peak := PeakGFLOPS(runtime.GOMAXPROCS(0))
	for _, size := range [][3]int{{1024, 1024, 1024}, {128, 128, 128}, {256, 128, 512}, {4096, 64, 64}} {
		for mode, name := range []string{"NN", "TN", "NT", "TT"} {
			m, n, k := size[0], size[1], size[2]
			b.Run(fmt.Sprintf("%dx%dx%d/%s", m, n, k, name), func(b *testing.B) {
				r := rand.New(rand.NewPCG(1, 1))
				x, y, c := random(r, m*k), random(r, k*n), make([]float32, m*n)
				lda, ldb := k, n
				if mode&1 != 0 {
					lda = m
				}
				if mode&2 != 0 {
					ldb = k
				}
				for b.Loop() {
					Gemm(Matrix{Data: c, LD: n}, Matrix{Data: x, LD: lda, Trans: mode&1 != 0}, Matrix{Data: y, LD: ldb, Trans: mode&2 != 0}, Product{M: m, N: n, K: k})
				}
				report(b, 2*float64(m)*float64(n)*float64(k), peak)
			})
		}
	}
}

// report adds the rate and the share of the machine's peak.
func report(b *testing.B, flops, peak float64) {
	rate := flops * float64(b.N) / float64(b.Elapsed().Nanoseconds())
	b.ReportMetric(rate, "GFLOP/s")
	b.ReportMetric(100*rate/peak, "%peak")
}

// TestManyTiles: many is so many calls of gather, bit by bit, whatever it fetches.
func TestManyTiles(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(31, 32))
		for _, tile := range active.tiles {
			for _, depth := range []int{1, 3, 4, 16, 33} {
				const count = 5
				rows, cols := active.rows, tile.cols
				a, b := random(r, count*rows*depth), random(r, count*depth*cols)
				var aoff, coff [maxRows]int
				for i := range rows {
					aoff[i], coff[i] = i*depth, i*cols
				}
				for _, bstep := range []int{0, depth * cols} {
					got, want := make([]float32, count*rows*cols), make([]float32, count*rows*cols)
					around := ahead{place: [2]uintptr{uintptr(unsafe.Pointer(&a[0])), uintptr(unsafe.Pointer(&b[0]))}, lines: 3}
					for _, fetch := range []*int{nil, (*int)(unsafe.Pointer(&around))} {
						tile.many(&got[0], &coff[0], &a[0], &aoff[0], depth, &b[0], count, rows*depth, bstep, rows*cols, fetch)
						manyBy(tile.gather)(&want[0], &coff[0], &a[0], &aoff[0], depth, &b[0], count, rows*depth, bstep, rows*cols, nil)
						for i, v := range want {
							if math.Float32bits(got[i]) != math.Float32bits(v) {
								t.Fatalf("%d columns, depth %d, step %d: element %d is %v; want %v", cols, depth, bstep, i, got[i], v)
							}
						}
					}
				}
			}
		}
	})
}
