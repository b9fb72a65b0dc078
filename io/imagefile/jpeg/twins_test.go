package jpeg

import (
	"bytes"
	"image"
	"iter"
	"math/rand/v2"
	"os"
	"testing"
)

// Small images, too, are decoded by the tables that are made for large ones.
func init() { severalAfter = 0 }

// portably runs f without the kernels in assembly.
func portably(f func()) { with(false, false, false, f) }

// with runs f with those of the kernels only that the machine has.
func with(bmi2, avx2, avx512 bool, f func()) {
	was := [3]bool{useBMI2, useAVX2, useAVX512}
	useBMI2, useAVX2, useAVX512 = bmi2 && was[0], avx2 && was[1], avx512 && was[2]
	defer func() { useBMI2, useAVX2, useAVX512 = was[0], was[1], was[2] }()
	f()
}

// onEveryMachine runs f with the kernels that older machines have.
func onEveryMachine(f func()) {
	for m := range 8 {
		with(m&1 == 0, m&2 == 0, m&4 == 0, f)
	}
}

// FuzzKernelsMatchPortable feeds the kernels coefficients and samples that no
// encoder would write.
func FuzzKernelsMatchPortable(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed, uint16(seed*7), uint8(seed))
	}
	f.Fuzz(func(t *testing.T, seed uint64, width uint16, shape uint8) {
		r := rand.New(rand.NewPCG(seed, 1))
		for size := 2; size <= 8; size *= 2 {
			comparePairs(t, r, uint(shape%16), size)
		}
		compareRows(t, r, int(width%600)+1)
		compareRuns(t, r, uint(shape%16))
	})
}

// compareRuns transforms the blocks of a row of one component, some of which have
// a DC coefficient only. Nothing but the row may change, and no coefficient stay.
func compareRuns(t *testing.T, r *rand.Rand, bits uint) {
	across, count := 1+r.IntN(2), 2+r.IntN(9)
	n := 1 + r.IntN(runBlocks/count)
	first := r.IntN(count - across + 1)
	stride := 8*across*n + 32 + r.IntN(9)
	var filled run
	var table [64]int16
	for k := range table {
		table[k] = int16(1 + r.UintN(1<<(bits/2)))
	}
	for i := range filled.lasts {
		filled.lasts[i] = uint8(r.IntN(64)) // also behind the run
		block := i%count - first
		if i >= n*count || block < 0 || block >= across {
			continue
		}
		some := r.UintN(2) * 63
		filled.lasts[i] = uint8(some)
		for k := range some + 1 {
			filled.coefs[i][k] = int16(r.IntN(2<<bits) - 1<<bits)
		}
	}
	transform := func(run run) []byte {
		dst := make([]byte, 8*stride)
		run.transform(first, count, across, n, dst, stride, &table)
		if run.coefs != ([len(run.coefs)][64]int16{}) {
			t.Error("the kernel leaves coefficients behind")
		}
		for y := range 8 { // what it may write behind the row
			clear(dst[y*stride+8*across*n : y*stride+8*across*n+24])
		}
		return dst
	}
	var want []byte
	portably(func() { want = transform(filled) })
	onEveryMachine(func() {
		if got := transform(filled); !bytes.Equal(got, want) {
			t.Errorf("a run of %d MCUs, %d of %d blocks, differs (AVX2 %v, AVX-512 %v)", n, across, count, useAVX2, useAVX512)
		}
	})
}

func comparePairs(t *testing.T, r *rand.Rand, bits uint, size int) {
	var tables [2][64]int16
	var coefs [2][64]int16
	for i := range 2 {
		for k := range 64 {
			tables[i][k] = int16(1 + r.UintN(1<<(bits/2)))
			if r.UintN(3) == 0 {
				coefs[i][k] = int16(r.IntN(2<<bits) - 1<<bits)
			}
		}
	}
	run := func() [2][]byte {
		p := pending{coefs: coefs, n: 0}
		out := [2][]byte{make([]byte, 8*20), make([]byte, 8*9)}
		for i, stride := range []int{20, 9} {
			p.dst[i], p.stride[i], p.table[i] = out[i], stride, &tables[i]
		}
		idctPair(&p, size)
		if p.coefs != ([2][64]int16{}) {
			t.Error("the kernel leaves coefficients behind")
		}
		return out
	}
	got := run()
	portably(func() {
		want := run()
		for i := range 2 {
			if !bytes.Equal(got[i], want[i]) {
				t.Errorf("inverse DCT of block %d to %d samples differs:\n%v\nwant\n%v", i, size, got[i], want[i])
			}
		}
	})
}

func compareRows(t *testing.T, r *rand.Rand, n int) {
	in := make([][]byte, 3)
	for i := range in {
		in[i] = make([]byte, n+64)
		for k := range in[i] {
			in[i][k] = byte(r.Uint32())
		}
	}
	kernels := map[string]func(dst []byte){
		"upsampleH":  func(dst []byte) { upsampleH(dst, in[0], n); clear(dst[2*n:]) },
		"upsampleHV": func(dst []byte) { upsampleHV(dst, in[0], in[1], n); clear(dst[2*n:]) },
		"halvedRow": func(dst []byte) {
			halvedRow(dst, in[0], in[1], in[2], in[2], in[0][1:], bothOffsets[0], bothOffsets[1], n)
		},
		"halvedRow along": func(dst []byte) {
			halvedRow(dst, in[0], in[1], in[1], in[2], in[2], alongOffsets[0], alongOffsets[1], n)
		},
		"yccRow": func(dst []byte) { yccRow(dst, in[0], in[1], in[2], n) },
	}
	for name, kernel := range kernels {
		got, want := make([]byte, 3*n+64), make([]byte, 3*n+64)
		kernel(got)
		portably(func() { kernel(want) })
		if !bytes.Equal(got, want) {
			t.Errorf("%s of %d samples differs", name, n)
		}
	}
}

// TestPortableMatches decodes every golden file with each selection of kernels.
func TestPortableMatches(t *testing.T) {
	var d Decoder
	for _, file := range goldenFiles(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		fast, w, _, err := d.Decode(data, nil)
		if err != nil {
			t.Fatal(err)
		}
		onEveryMachine(func() {
			slow, _, _, err := d.Decode(data, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := difference(fast, slow, w); diff != "" {
				t.Errorf("%s (BMI2 %v, AVX2 %v, AVX-512 %v): %s", file, useBMI2, useAVX2, useAVX512, diff)
			}
		})
	}
}

// golden yields the golden files with their names.
func golden(t *testing.T) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for _, file := range goldenFiles(t) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !yield(file, data) {
				return
			}
		}
	}
}

// TestRegionIsACrop holds every region against the same part of the whole.
func TestRegionIsACrop(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 7))
	var d Decoder
	for file, data := range golden(t) {
		info, err := ReadInfo(data)
		if err != nil {
			t.Fatal(err)
		}
		for scale := 1; scale <= 8; scale *= 2 {
			w, h := ceilDiv(info.Width, scale), ceilDiv(info.Height, scale)
			whole, err := d.DecodeRegion(data, nil, image.Rect(0, 0, w, h), scale)
			if err != nil {
				t.Fatal(err)
			}
			for range 25 {
				x, y := r.IntN(w), r.IntN(h)
				rect := image.Rect(x, y, x+1+r.IntN(w-x), y+1+r.IntN(h-y))
				got, err := d.DecodeRegion(data, nil, rect, scale)
				if err != nil {
					t.Fatalf("%s: %v at 1/%d: %v", file, rect, scale, err)
				}
				if diff := difference(got, crop(whole, w, rect), rect.Dx()); diff != "" {
					t.Fatalf("%s: %v at 1/%d: %s", file, rect, scale, diff)
				}
			}
		}
	}
}

// TestPartsAreRegions: parts decoded at once are what each is alone.
func TestPartsAreRegions(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 7))
	var d, alone Decoder
	for file, data := range golden(t) {
		info, err := ReadInfo(data)
		if err != nil {
			t.Fatal(err)
		}
		for range 30 {
			parts := make([]Part, 1+r.IntN(maxParts))
			for i := range parts {
				scale := 1 << r.IntN(4)
				w, h := ceilDiv(info.Width, scale), ceilDiv(info.Height, scale)
				x, y := r.IntN(w), r.IntN(h)
				parts[i] = Part{Rect: image.Rect(x, y, x+1+r.IntN(w-x), y+1+r.IntN(h-y)), Scale: scale}
			}
			if err := d.DecodeParts(data, parts); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			for _, p := range parts {
				want, err := alone.DecodeRegion(data, nil, p.Rect, p.Scale)
				if err != nil {
					t.Fatal(err)
				}
				if diff := difference(p.Pix, want, p.Rect.Dx()); diff != "" {
					t.Fatalf("%s: %v at 1/%d of %d parts: %s", file, p.Rect, p.Scale, len(parts), diff)
				}
			}
		}
	}
}

func crop(pix []byte, w int, r image.Rectangle) []byte {
	var out []byte
	for y := r.Min.Y; y < r.Max.Y; y++ {
		out = append(out, pix[3*(y*w+r.Min.X):3*(y*w+r.Max.X)]...)
	}
	return out
}

func TestNothingIsAllocated(t *testing.T) {
	for _, name := range []string{"base-420-64x48", "prog-2-37x29", "restart-64x48", "cmyk-37x29"} {
		data, err := os.ReadFile(goldenDir + "/" + name + ".jpg")
		if err != nil {
			t.Fatal(err)
		}
		var d Decoder
		var buf []byte
		if n := testing.AllocsPerRun(20, func() { buf, _, _, _ = d.Decode(data, buf) }); n > 0 {
			t.Errorf("%s: %v allocations an image", name, n)
		}
	}
}
