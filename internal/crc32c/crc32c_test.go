package crc32c

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"testing"
)

// twin is what everything here must agree with.
func twin(crc uint32, p []byte) uint32 { return crc32.Update(crc, table, p) }

func noise(n int) []byte {
	rng := rand.New(rand.NewPCG(3, 4))
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(rng.Uint32())
	}
	return p
}

// everywhere runs check as on machines of each kind, as far as this one can.
func everywhere(check func(machine string)) {
	defer func(fold, thirds bool) { useFold, useThirds = fold, thirds }(useFold, useThirds)
	for ; ; useFold, useThirds = false, useFold {
		check(fmt.Sprintf("folding %v, thirds %v", useFold, useThirds))
		if !useFold && !useThirds {
			return
		}
	}
}

func TestEveryLength(t *testing.T) {
	src := noise(100_000)
	lengths := []int{3*third - 1, 3 * third, 3*third + 1, chunk, 6 * third, 70_001, len(src) - 64}
	for n := range 3 * foldStep {
		lengths = append(lengths, n, foldLeast-foldStep+n)
	}
	everywhere(func(machine string) {
		for i, n := range lengths {
			part, dst := src[i%64:][:n], make([]byte, n+64)
			want := twin(0x12345678, part)
			if got := Update(0x12345678, part); got != want {
				t.Errorf("%s, %d bytes: %#x, want %#x", machine, n, got, want)
			}
			at := i % 63
			if got := Copy(dst[at:at+n], part, 0x12345678); got != want || !bytes.Equal(dst[at:at+n], part) {
				t.Errorf("%s, copy of %d bytes: %#x, want %#x", machine, n, got, want)
			}
			if rest := append(dst[:at:at], dst[at+n:]...); !bytes.Equal(rest, make([]byte, 64)) {
				t.Errorf("%s: a copy of %d bytes writes beyond them", machine, n)
			}
		}
	})
}

func TestWord(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	everywhere(func(machine string) {
		for _, word := range []uint64{0, 1, 3072, 1<<64 - 1, rng.Uint64(), rng.Uint64()} {
			if got, want := Word(word), twin(0, binary.LittleEndian.AppendUint64(nil, word)); got != want {
				t.Errorf("%s: %#x: %#x, want %#x", machine, word, got, want)
			}
		}
	})
}

func FuzzMatchesTwin(f *testing.F) {
	for _, n := range []int{0, 255, 1023, 1024, 5000, 20_000} {
		f.Add(noise(n), uint32(n), uint16(n/3))
	}
	f.Fuzz(func(t *testing.T, data []byte, crc uint32, cut uint16) {
		data = data[min(int(cut), len(data)):]
		everywhere(func(machine string) {
			dst := make([]byte, len(data))
			want := twin(crc, data)
			if got, copied := Update(crc, data), Copy(dst, data, crc); got != want || copied != want || !bytes.Equal(dst, data) {
				t.Fatalf("%s: %#x and copied %#x, want %#x", machine, got, copied, want)
			}
		})
	})
}

func TestFileOfParts(t *testing.T) {
	var f File
	var file []byte
	for _, n := range []int{0, 12, 5000, 5000, 5000, 4, 70_000, 5000, 5000, 0, 70_000, 70_000, 1, 100_000, 2048, 2048, 2047, 2047} {
		part := noise(n)
		file = append(file, part...)
		f.Join(part, Of(part))
		if f.Sum() != twin(0, file) {
			t.Fatalf("after a part of %d bytes: %x, want %x", n, f.Sum(), twin(0, file))
		}
	}
}

// BenchmarkSum reads data that no cache near the core holds.
func BenchmarkSum(b *testing.B) {
	src, dst := noise(64<<20), make([]byte, 1<<20)
	for name, sum := range map[string]func(dst, src []byte){
		"update":  func(_, src []byte) { Update(0, src) },
		"twin":    func(_, src []byte) { twin(0, src) },
		"copy":    func(dst, src []byte) { Copy(dst, src, 0) },
		"memmove": func(dst, src []byte) { copy(dst, src) },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			for b.Loop() {
				for at := 0; at < len(src); at += len(dst) {
					sum(dst, src[at:at+len(dst)])
				}
			}
		})
	}
}

// BenchmarkShort is of records that lie in a cache near the core.
func BenchmarkShort(b *testing.B) {
	for _, n := range []int{1024, 3072, 16384} {
		src, dst := noise(n), make([]byte, n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.SetBytes(int64(n))
			for b.Loop() {
				Copy(dst, src, 0)
			}
		})
	}
}
