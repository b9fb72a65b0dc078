package deflate

import (
	"io"
	"os"
	"testing"

	"github.com/klauspost/compress/gzip"
)

type counter struct{ n int }

func (c *counter) Write(p []byte) (int, error) {
	c.n += len(p)
	return len(p), nil
}

// BenchmarkWrite is beside the library's fast levels; the payload is
// $RETORT_BENCH_PAYLOAD, or made-up photos.
func BenchmarkWrite(b *testing.B) {
	data := photos(8<<20, 224, 6, 1)
	if path := os.Getenv("RETORT_BENCH_PAYLOAD"); path != "" {
		var err error
		if data, err = os.ReadFile(path); err != nil {
			b.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		open func(w io.Writer) io.WriteCloser
	}{
		{"own", func(w io.Writer) io.WriteCloser { return NewGzip(w) }},
		{"library's 1", func(w io.Writer) io.WriteCloser { return library(w, 1) }},
		{"library's 3", func(w io.Writer) io.WriteCloser { return library(w, 3) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				var n counter
				w := c.open(&n)
				if _, err := w.Write(data); err != nil {
					b.Fatal(err)
				}
				if err := w.Close(); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(data))/float64(n.n), "ratio")
			}
		})
	}
}

func library(w io.Writer, level int) io.WriteCloser {
	z, err := gzip.NewWriterLevel(w, level)
	if err != nil {
		panic(err)
	}
	return z
}
