package deflate

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
)

// photos are rows of RGB pixels, of size x size each: a slope of each colour that
// wanders, with noise; every pixel repeats times in its row, and every row times.
// Integers only: the bytes are the same everywhere.
func photos(n, size, noise, times int) []byte {
	r := rand.New(rand.NewPCG(uint64(noise), uint64(times)))
	var all, row []byte
	level := [3]int{90 << 8, 120 << 8, 150 << 8}
	for y := 0; len(all) < n; y++ {
		if y%times == 0 {
			row = row[:0]
			for x := range size {
				for c := range 3 {
					if x%times == 0 {
						level[c] = min(max(level[c]+r.IntN(513)-256, 0), 250<<8)
					}
					v := byte(level[c]>>8 + r.IntN(noise))
					if x%times > 0 {
						v = row[len(row)-3]
					}
					row = append(row, v)
				}
			}
		}
		all = append(all, row...)
	}
	return all[:n]
}

func noise(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// steep has byte i about twice as often as i+1: codes as long as they get.
func steep(n int) []byte {
	r := rand.New(rand.NewPCG(3, 4))
	b := make([]byte, n)
	for i := range b {
		for r.Uint32()&1 == 0 && b[i] < 255 {
			b[i]++
		}
	}
	return b
}

type content struct {
	name string
	data []byte
}

func contents() []content {
	var text []byte
	for i := range 20_000 {
		text = fmt.Appendf(text, "line %d of %d; ", i*i%977, i)
	}
	return []content{
		{"nothing", nil}, {"one byte", []byte{7}}, {"two bytes", []byte{7, 7}}, {"noise", noise(300_000)},
		{"text", text}, {"zeros", make([]byte, 400_000)}, {"steep", steep(200_000)},
		{"one symbol a block", slices.Concat(bytes.Repeat([]byte{1}, blockSize), bytes.Repeat([]byte{255}, blockSize))},
		{"pixels repeat", bytes.Repeat([]byte("abc"), 100_000)}, {"period of 7", bytes.Repeat([]byte("1234567"), 30_000)},
		{"photos", photos(500_000, 224, 6, 1)}, {"noisy photos", photos(300_000, 224, 40, 1)},
		{"enlarged photos", photos(500_000, 224, 16, 2)}, {"one block", photos(blockSize, 32, 6, 1)},
		{"before and behind noise", slices.Concat(make([]byte, 20_000), noise(90_000), make([]byte, 20_000))},
		{"all bytes", func() (b []byte) {
			for i := range 256 {
				b = append(b, byte(i))
			}
			return b
		}()},
	}
}
