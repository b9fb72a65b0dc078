package deflate

import (
	"bufio"
	"bytes"
	stdgzip "compress/gzip"
	stdzlib "compress/zlib"
	"errors"
	"fmt"
	"hash/crc32"
	"image/png"
	"io"
	"os"
	"slices"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"

	"github.com/retort-ml/retort/internal/inflate"
)

// kinds are the frames, each with everyone who reads it.
var kinds = []struct {
	name    string
	write   func(out io.Writer) *Writer
	readers []func(in io.Reader) (io.Reader, error)
}{
	{"gzip", NewGzip, []func(io.Reader) (io.Reader, error){
		func(in io.Reader) (io.Reader, error) { return stdgzip.NewReader(in) },
		func(in io.Reader) (io.Reader, error) { return gzip.NewReader(in) },
		func(in io.Reader) (io.Reader, error) { return inflate.NewGzip(bufio.NewReader(in)) },
	}},
	{"zlib", NewZlib, []func(io.Reader) (io.Reader, error){
		func(in io.Reader) (io.Reader, error) { return stdzlib.NewReader(in) },
		func(in io.Reader) (io.Reader, error) { return zlib.NewReader(in) },
		func(in io.Reader) (io.Reader, error) { return inflate.NewZlib(bufio.NewReader(in)) },
	}},
}

// pack writes data in calls of the sizes that next returns.
func pack(t testing.TB, write func(io.Writer) *Writer, data []byte, next func() int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := write(&b)
	for len(data) > 0 {
		n := min(next(), len(data))
		if got, err := w.Write(data[:n]); got != n || err != nil {
			t.Fatal(got, err)
		}
		data = data[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func whole() int { return 1 << 30 }

func calls(n int) func() int { return func() int { return n } }

// check fails unless every reader gets data from the stream.
func check(t *testing.T, kind int, what string, stream, data []byte) {
	t.Helper()
	for i, open := range kinds[kind].readers {
		r, err := open(bytes.NewReader(stream))
		if err != nil {
			t.Fatalf("%s, %s, reader %d: %v", kinds[kind].name, what, i, err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) {
			t.Fatalf("%s, %s, reader %d: %d bytes of %d, %v", kinds[kind].name, what, i, len(got), len(data), err)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	for kind, k := range kinds {
		for _, c := range contents() {
			stream := pack(t, k.write, c.data, whole)
			check(t, kind, c.name, stream, c.data)
			t.Logf("%s, %s: %d bytes in %d", k.name, c.name, len(c.data), len(stream))
		}
	}
}

func TestSizes(t *testing.T) {
	photo, mixed := photos(70_000, 32, 6, 1), contents()[3].data
	for n := 0; n <= 70_000; n += 1 + n/100 {
		check(t, 0, "photo", pack(t, NewGzip, photo[:n], whole), photo[:n])
		check(t, 1, "noise", pack(t, NewZlib, mixed[:n], whole), mixed[:n])
	}
	for at := blockSize; at < 70_000; at += blockSize {
		for n := at - 20; n < at+20; n++ {
			check(t, 0, "around a block", pack(t, NewGzip, photo[:n], whole), photo[:n])
		}
	}
}

func TestSizesOfCallsDoNotMatter(t *testing.T) {
	for _, c := range contents() {
		want := pack(t, NewGzip, c.data, whole)
		seven := 1
		for what, next := range map[string]func() int{
			"7": calls(7), "4095": calls(4095), "a block": calls(blockSize), "a block and one": calls(blockSize + 1), "100000": calls(100_000),
			"powers": func() int { seven = seven * 7 % 65_537; return seven },
		} {
			if !bytes.Equal(pack(t, NewGzip, c.data, next), want) {
				t.Errorf("%s, calls of %s: other bytes", c.name, what)
			}
		}
	}
}

// TestBytesAreKnown holds the compressor to the same bytes on every machine. New
// bytes are no fault where the compressor was meant to change.
func TestBytesAreKnown(t *testing.T) {
	var all []byte
	for _, c := range contents() {
		all = append(all, c.data...)
	}
	if got := crc32.ChecksumIEEE(pack(t, NewGzip, all, whole)); got != known {
		t.Errorf("the stream's CRC-32 is %#x, was %#x", got, known)
	}
}

const known = 0x6c3a22f0

// TestDistances repeats bytes whose every position is known, since they repeat
// others themselves, at one distance.
func TestDistances(t *testing.T) {
	size := func(distance int) int {
		all := noise(60_000)
		again := all[:6000] // enough to shorten a block
		data := slices.Concat(again, again, all[6000:distance], again, all[50_000:])
		stream := pack(t, NewGzip, data, whole)
		check(t, 0, fmt.Sprint("distance ", distance), stream, data)
		return len(stream) - distance
	}
	near := size(7000)
	for distance := 32_700; distance <= history; distance++ {
		if n := size(distance); n > near+500 {
			t.Errorf("distance %d costs %d bytes, 7000 %d", distance, n, near)
		}
	}
	for distance := history + 1; distance < history+6; distance++ {
		if n := size(distance); n < near+3000 {
			t.Errorf("distance %d costs %d bytes, 7000 %d", distance, n, near)
		}
	}
	for _, period := range []int{3, 4, 5, 8, 257, 258, 259, 672, 65_535, 65_536, 65_537} {
		data := bytes.Repeat(noise(period), 200_000/period+3)
		check(t, 0, fmt.Sprint("period ", period), pack(t, NewGzip, data, whole), data)
	}
}

func TestNoiseGrowsByLittle(t *testing.T) {
	data := noise(1 << 20)
	if n, most := len(pack(t, NewGzip, data, whole)), len(data)+5*(len(data)/blockSize+1)+18; n > most {
		t.Errorf("%d bytes, want %d at most", n, most)
	}
}

// TestRatio holds the compressor to nine tenths of what the library's level 6
// gets out of pixels, and to no less than its level 1.
func TestRatio(t *testing.T) {
	cases := []content{{"photos", photos(1<<20, 224, 6, 1)}, {"noisy photos", photos(1<<20, 224, 24, 1)},
		{"enlarged photos", photos(1<<20, 224, 16, 2)}, {"a report", report(t)}}
	for _, c := range cases {
		size := map[int]int{}
		for _, level := range []int{1, 6} {
			var b bytes.Buffer
			z, err := gzip.NewWriterLevel(&b, level)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = z.Write(c.data)
			_ = z.Close()
			size[level] = b.Len()
		}
		n := len(pack(t, NewGzip, c.data, whole))
		t.Logf("%s: %d bytes in %d; the library: %v", c.name, len(c.data), n, size)
		if n > size[1] || n > size[6]*10/9 {
			t.Errorf("%s: %d bytes in %d; the library: %v", c.name, len(c.data), n, size)
		}
	}
}

// report are the pixels of a picture of a report, which has photos in it.
func report(t *testing.T) (pixels []byte) {
	f, err := os.Open("../../docs/img/report.png")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, b, _ := img.At(x, y).RGBA()
			pixels = append(pixels, byte(r>>8), byte(g>>8), byte(b>>8))
		}
	}
	return pixels
}

type failing struct{ left int }

var errBroken = errors.New("broken disk")

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

func TestErrorsAreKept(t *testing.T) {
	for _, room := range []int{0, 100_000} {
		w := NewGzip(&failing{room})
		data := noise(300_000)
		var err error
		for range 3 {
			_, err = w.Write(data)
		}
		if err != errBroken || w.Close() != errBroken {
			t.Errorf("room for %d: %v, then %v", room, err, w.Close())
		}
	}
	if err := NewZlib(&failing{}).Close(); err != errBroken {
		t.Errorf("ending the stream: %v", err)
	}
	w := NewGzip(io.Discard)
	for range 2 {
		if err := w.Close(); err != nil {
			t.Errorf("closing an empty stream, and once more: %v", err)
		}
	}
	if n, err := w.Write([]byte{1}); n != 0 || err == nil {
		t.Error("a closed writer takes bytes")
	}
}

func TestNoAllocations(t *testing.T) {
	w, data := NewGzip(io.Discard), photos(150_528, 224, 6, 1)
	if n := testing.AllocsPerRun(20, func() { _, _ = w.Write(data) }); n > 0 {
		t.Errorf("%v allocations a record", n)
	}
}

func FuzzRoundTrip(f *testing.F) {
	for _, c := range contents() {
		f.Add(c.data[:min(len(c.data), 3000)], uint16(1), uint16(1000))
	}
	f.Fuzz(func(t *testing.T, data []byte, times, call uint16) {
		if n := len(data); n > 0 { // as many as reach over blocks and their history
			data = bytes.Repeat(data, 1+min(int(times), 50_000/n))
		}
		kind := int(call & 1)
		stream := pack(t, kinds[kind].write, data, whole)
		check(t, kind, "fuzzed", stream, data)
		if !bytes.Equal(pack(t, kinds[kind].write, data, calls(1+int(call))), stream) {
			t.Fatal("the sizes of the calls matter")
		}
	})
}
