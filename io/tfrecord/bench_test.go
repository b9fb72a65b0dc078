package tfrecord

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// viewLike returns a payload that deflates about as raw views do: smooth ramps
// with noise in the low bits.
func viewLike(n int) []byte {
	rng := rand.New(rand.NewPCG(5, 6))
	p := make([]byte, n)
	level, slope := 128.0, 0.0
	for i := range p {
		slope = 0.9*slope + rng.Float64() - 0.5
		level = min(max(level+slope, 0), 255)
		p[i] = byte(level) &^ 1
	}
	return p
}

// benchDir is $RETORT_BENCH_DIR, say on a memory file system, or a temporary
// folder.
func benchDir(b *testing.B) string {
	if dir := os.Getenv("RETORT_BENCH_DIR"); dir != "" {
		return dir
	}
	return b.TempDir()
}

// benchPayload is the file $RETORT_BENCH_PAYLOAD, or something like views.
func benchPayload(b *testing.B) []byte {
	if path := os.Getenv("RETORT_BENCH_PAYLOAD"); path != "" {
		payload, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		return payload
	}
	return viewLike(4 << 20)
}

// cycle is the i-th record of size bytes, taken from payload over and over, as
// bench/peers/tfrecord_tf.py takes it.
func cycle(payload []byte, i, size int) []byte {
	from := i % 1024 * size % (len(payload) - size + 1)
	return payload[from : from+size]
}

func eachCase(b *testing.B, run func(b *testing.B, c Compression, payload []byte, size int)) {
	payload := benchPayload(b)
	for _, c := range Compressions {
		for _, n := range []int{3 << 10, 150528} {
			b.Run(fmt.Sprintf("%v/%d", c, n), func(b *testing.B) { run(b, c, payload, n) })
		}
	}
}

func perFile(c Compression) int {
	if c == None {
		return 256 << 20
	}
	return 16 << 20
}

func BenchmarkWrite(b *testing.B) {
	dir := benchDir(b)
	eachCase(b, func(b *testing.B, c Compression, payload []byte, size int) {
		n := perFile(c) / size
		b.SetBytes(int64(n * size))
		for b.Loop() {
			b.StopTimer() // giving an old file's pages back is not writing
			os.Remove(filepath.Join(dir, "bench.tfrecord"))
			b.StartTimer()
			f, err := os.Create(filepath.Join(dir, "bench.tfrecord"))
			if err != nil {
				b.Fatal(err)
			}
			w, err := NewWriter(f, Options{Compression: c})
			if err != nil {
				b.Fatal(err)
			}
			for i := range n {
				if err := w.Write(cycle(payload, i, size)); err != nil {
					b.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(n*size)/float64(w.Bytes()), "ratio")
			f.Close()
		}
	})
	os.Remove(filepath.Join(dir, "bench.tfrecord"))
}

func BenchmarkRead(b *testing.B) {
	path := filepath.Join(benchDir(b), "bench.tfrecord")
	eachCase(b, func(b *testing.B, c Compression, payload []byte, size int) {
		n := perFile(c) / size
		w, err := Create(path, Options{Compression: c})
		if err != nil {
			b.Fatal(err)
		}
		for i := range n {
			w.Write(cycle(payload, i, size))
		}
		if err := w.Commit(); err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(n * size))
		for b.Loop() {
			r, err := Open(path, Options{})
			if err != nil {
				b.Fatal(err)
			}
			got := 0
			for _, err := range r.All() {
				if err != nil {
					b.Fatal(err)
				}
				got++
			}
			r.Close()
			if got != n {
				b.Fatal(got)
			}
		}
	})
	os.Remove(path)
}

// BenchmarkReadMemory is the reader without the file system.
func BenchmarkReadMemory(b *testing.B) {
	rec := viewLike(150528)
	recs := make([][]byte, 8)
	for i := range recs {
		recs[i] = rec
	}
	file := encode(b, Options{Compression: None}, recs)
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		r := NewReader(bytes.NewReader(file), Options{})
		for _, err := range r.All() {
			if err != nil {
				b.Fatal(err)
			}
		}
		r.Close()
	}
}

func BenchmarkCRC(b *testing.B) {
	for _, n := range []int{8, 64, 3 << 10, 150528} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			rec := viewLike(n)
			b.SetBytes(int64(n))
			for b.Loop() {
				maskedCRC(rec)
			}
		})
	}
}
