package inflate

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
)

// kinds are the frames, each with its twin.
var kinds = []struct {
	name  string
	write func(w io.Writer, level int) (io.WriteCloser, error)
	twin  func(in io.Reader) (io.Reader, error)
	open  func(in *bufio.Reader) (*Reader, error)
}{
	{"gzip", func(w io.Writer, level int) (io.WriteCloser, error) { return gzip.NewWriterLevel(w, level) },
		func(in io.Reader) (io.Reader, error) { return gzip.NewReader(in) }, NewGzip},
	{"zlib", func(w io.Writer, level int) (io.WriteCloser, error) { return zlib.NewWriterLevel(w, level) },
		func(in io.Reader) (io.Reader, error) { return zlib.NewReader(in) }, NewZlib},
}

// contents hold noise, text, runs, noise of few symbols and long matches.
func contents() map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 300_000)
	few := make([]byte, 200_000)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	for i := range few {
		few[i] = byte(r.NormFloat64()*12 + 100)
	}
	var text, far []byte
	for i := range 20_000 {
		text = fmt.Appendf(text, "line %d of %d; ", i*i%977, i)
	}
	for range 6 {
		far = append(far, noise[:32_000]...)
	}
	all := map[string][]byte{
		"nothing": {}, "one byte": {7}, "noise": noise, "few": few, "text": text, "far": far,
		"runs": bytes.Repeat([]byte{0}, 400_000), "short period": bytes.Repeat([]byte("abc"), 100_000),
	}
	for name, steep := range map[string]float64{"steep": 0.5, "very steep": 0.35} { // long codes
		b := make([]byte, 100_000)
		for i := range b {
			for r.Float64() < 1-steep && b[i] < 255 {
				b[i]++
			}
		}
		all[name] = b
	}
	return all
}

func pack(t testing.TB, data []byte, kind, level int) []byte {
	var b bytes.Buffer
	w, err := kinds[kind].write(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func unpack(kind int, in io.Reader) ([]byte, error) {
	r, err := kinds[kind].open(bufio.NewReader(in))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func unpackTwin(kind int, in io.Reader) ([]byte, error) {
	r, err := kinds[kind].twin(in)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func TestRoundTrip(t *testing.T) {
	for kind := range kinds {
		for name, data := range contents() {
			for _, level := range []int{-2, 0, 1, 3, 6, 9} {
				packed := pack(t, data, kind, level)
				for way, in := range map[string]io.Reader{
					"whole": bytes.NewReader(packed), "by halves": iotest.HalfReader(bytes.NewReader(packed)), "by bytes": iotest.OneByteReader(bytes.NewReader(packed)),
				} {
					if got, err := unpack(kind, in); err != nil || !bytes.Equal(got, data) {
						t.Fatalf("%s, %s, level %d, %s: %d bytes of %d, %v", kinds[kind].name, name, level, way, len(got), len(data), err)
					}
				}
				agree(t, kind, packed)
			}
		}
	}
}

// portably is unpack without the instructions of this machine.
func portably(kind int, in io.Reader) ([]byte, error) {
	defer func(was bool) { useBMI2 = was }(useBMI2)
	useBMI2 = false
	return unpack(kind, in)
}

// agree fails unless both say the same of a stream, on every machine.
func agree(t *testing.T, kind int, stream []byte) {
	t.Helper()
	got, err := unpack(kind, bytes.NewReader(stream))
	if elsewhere, problem := portably(kind, bytes.NewReader(stream)); !bytes.Equal(got, elsewhere) || fmt.Sprint(err) != fmt.Sprint(problem) {
		t.Fatalf("%d bytes and %v here, %d bytes and %v elsewhere", len(got), err, len(elsewhere), problem)
	}
	want, wantErr := unpackTwin(kind, bytes.NewReader(stream))
	if wantErr == nil && (err != nil || !bytes.Equal(got, want)) {
		t.Fatalf("%d bytes and %v, want %d bytes", len(got), err, len(want))
	}
	if wantErr != nil && err == nil {
		t.Fatalf("%d bytes, want the error %v", len(got), wantErr)
	}
	var e *Error
	if err != nil && !errors.As(err, &e) && err != io.ErrUnexpectedEOF {
		t.Fatalf("the error is %v", err)
	}
	if n := min(len(got), len(want)); !bytes.Equal(got[:n], want[:n]) {
		t.Fatal("other bytes before the error")
	}
}

func TestCutAtEveryByte(t *testing.T) {
	for kind := range kinds {
		data := contents()["text"][:3000]
		for _, level := range []int{0, 1, 6} {
			packed := pack(t, data, kind, level)
			for n := range packed {
				got, err := unpack(kind, bytes.NewReader(packed[:n]))
				if err != io.ErrUnexpectedEOF || !bytes.HasPrefix(data, got) {
					t.Fatalf("%s, level %d, %d of %d bytes: %v", kinds[kind].name, level, n, len(packed), err)
				}
				want, _ := unpackTwin(kind, bytes.NewReader(packed[:n]))
				if len(got) < len(want) {
					t.Fatalf("%s, level %d, %d of %d bytes: %d bytes, the twin has %d", kinds[kind].name, level, n, len(packed), len(got), len(want))
				}
			}
		}
	}
}

func TestEveryFlippedBit(t *testing.T) {
	for kind := range kinds {
		packed := pack(t, contents()["few"][:1500], kind, 6)
		for i := range len(packed) * 8 {
			if kind == 0 && i>>3 >= 3 && i>>3 < 10 {
				continue // flags of the head: the twin passes over reserved ones
			}
			bad := bytes.Clone(packed)
			bad[i>>3] ^= 1 << (i & 7)
			agree(t, kind, bad)
		}
	}
}

func TestMembersFollowEachOther(t *testing.T) {
	a, b := contents()["text"], contents()["few"]
	packed := append(pack(t, a, 0, 1), pack(t, b, 0, 6)...)
	if got, err := unpack(0, bytes.NewReader(packed)); err != nil || !bytes.Equal(got, append(bytes.Clone(a), b...)) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	if _, err := unpack(0, bytes.NewReader(append(packed, "rubbish that is no head"...))); err == nil || err == io.ErrUnexpectedEOF {
		t.Errorf("rubbish behind the stream: %v", err)
	}
}

// A match that reaches before the first literal, for the fast loop and for the
// slow.
func TestDistanceBeforeTheBeginning(t *testing.T) {
	for n := range 64 {
		var b bitString
		b.put(0b011, 3) // the last block, of the fixed code
		for range n {
			b.code(0x30+'a', 8)
		}
		b.code(1, 7)  // a length of 3
		b.code(11, 5) // a distance of 49 to 64:
		b.put(15, 4)  // 64
		for range 40 {
			b.code(0x30+'b', 8)
		}
		b.code(0, 7)
		stream := append([]byte{0x78, 0x9c}, append(b.bytes, 0, 0, 0, 0)...)
		_, err := unpack(1, bytes.NewReader(stream))
		if want := "inflate: a distance of 64 that reaches before the beginning"; err == nil || err.Error() != want {
			t.Fatalf("%d literals: %v, want %s", n, err, want)
		}
		agree(t, 1, stream)
	}
}

// bitString is bits in DEFLATE's order.
type bitString struct {
	bytes []byte
	n     int
}

func (b *bitString) put(v, n int) {
	for i := range n {
		if b.n&7 == 0 {
			b.bytes = append(b.bytes, 0)
		}
		b.bytes[b.n>>3] |= byte(v >> i & 1 << (b.n & 7))
		b.n++
	}
}

// code puts a code, highest bit first.
func (b *bitString) code(v, n int) {
	for i := n - 1; i >= 0; i-- {
		b.put(v>>i, 1)
	}
}

func TestZlibLeavesWhatFollows(t *testing.T) {
	for name, data := range contents() {
		in := bufio.NewReader(bytes.NewReader(append(pack(t, data, 1, 1), "rest"...)))
		r, err := NewZlib(in)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			t.Fatal(err)
		}
		if rest, _ := io.ReadAll(in); string(rest) != "rest" {
			t.Errorf("%s: %q is left", name, rest)
		}
	}
}

func TestErrorOfTheReaderBelow(t *testing.T) {
	broken := errors.New("broken disk")
	packed := pack(t, contents()["few"], 0, 6)
	in := io.MultiReader(bytes.NewReader(packed[:len(packed)/2]), iotest.ErrReader(broken))
	if _, err := unpack(0, in); err != broken {
		t.Errorf("got %v", err)
	}
}

func FuzzMatchesKlauspost(f *testing.F) {
	for kind := range kinds {
		for _, data := range contents() {
			for _, level := range []int{0, 1, 9} {
				f.Add(kind == 0, pack(f, data[:min(len(data), 2000)], kind, level))
			}
		}
	}
	f.Fuzz(func(t *testing.T, isGzip bool, stream []byte) {
		kind := 1
		if isGzip {
			kind = 0
			if len(stream) > 3 {
				stream[3] &= 0x1f
			}
		}
		agree(t, kind, stream)
	})
}

func BenchmarkFew(b *testing.B) {
	data := contents()["few"]
	packed := pack(b, data, 0, 1)
	for name, open := range map[string]func(io.Reader) (io.Reader, error){
		"ours": func(in io.Reader) (io.Reader, error) { return NewGzip(bufio.NewReader(in)) },
		"twin": kinds[0].twin,
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for range b.N {
				r, err := open(bytes.NewReader(packed))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
