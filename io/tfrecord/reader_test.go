package tfrecord

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
)

// someRecords returns n records of varied sizes, the same every time.
func someRecords(n int) [][]byte {
	rng := rand.New(rand.NewPCG(1, 2))
	recs := make([][]byte, n)
	for i := range recs {
		recs[i] = make([]byte, rng.IntN(3000)*(i%4)/3)
		for j := range recs[i] {
			recs[i][j] = byte(rng.IntN(16) * rng.IntN(3))
		}
	}
	return recs
}

func encode(t testing.TB, opts Options, recs [][]byte) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := NewWriter(&file, opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range recs {
		if err := w.Write(rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// decode returns the records that a reader yields (copied) and its final error,
// nil at a clean end.
func decode(r io.Reader, opts Options) (recs [][]byte, err error) {
	reader := NewReader(r, opts)
	defer reader.Close()
	for rec, err := range reader.All() {
		if err != nil {
			return recs, err
		}
		recs = append(recs, bytes.Clone(rec))
	}
	return recs, nil
}

func same(a, b [][]byte) error {
	if len(a) != len(b) {
		return fmt.Errorf("%d records, want %d", len(a), len(b))
	}
	for i := range a {
		if !bytes.Equal(a[i], b[i]) {
			return fmt.Errorf("record %d differs", i)
		}
	}
	return nil
}

func TestRoundTrip(t *testing.T) {
	recs := someRecords(300)
	for _, c := range Compressions {
		t.Run(c.String(), func(t *testing.T) {
			file := encode(t, Options{Compression: c}, recs)
			for _, read := range []Compression{Auto, c} {
				got, err := decode(bytes.NewReader(file), Options{Compression: read, Strict: true})
				if err != nil {
					t.Fatal(err)
				}
				if err := same(got, recs); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestSkip(t *testing.T) {
	recs := append(someRecords(50), bytes.Repeat([]byte("large"), 300_000), []byte("after"))
	for _, c := range Compressions {
		file := encode(t, Options{Compression: c}, recs)
		for n := range len(recs) {
			r := NewReader(bytes.NewReader(file), Options{Strict: true})
			if err := r.Skip(int64(n)); err != nil {
				t.Fatal(err)
			}
			if got, err := r.Next(); err != nil || !bytes.Equal(got, recs[n]) || r.Position().Record != int64(n) {
				t.Fatalf("%v: after %d records came record %d (%v), %d bytes", c, n, r.Position().Record, err, len(got))
			}
		}
		r := NewReader(bytes.NewReader(file), Options{})
		if err := r.Skip(int64(len(recs)) + 1); err != io.EOF {
			t.Fatalf("%v: skipped more records than there are: %v", c, err)
		}
	}
	bad := encode(t, Options{}, recs)
	bad[3] ^= 1
	var format *FormatError
	if err := NewReader(bytes.NewReader(bad), Options{Compression: None}).Skip(1); !errors.As(err, &format) {
		t.Fatalf("a damaged length was skipped: %v", err)
	}
}
