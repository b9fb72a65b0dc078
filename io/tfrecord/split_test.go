package tfrecord_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/retort-ml/retort/io/tfrecord"
)

// broken writes records with a break before each of those numbered, and returns
// where they begin.
func broken(t *testing.T, c tfrecord.Compression, level int, records [][]byte, before ...int) (file []byte, at []tfrecord.Position) {
	t.Helper()
	var b bytes.Buffer
	w, err := tfrecord.NewWriter(&b, tfrecord.Options{Compression: c, Level: level})
	if err != nil {
		t.Fatal(err)
	}
	at = []tfrecord.Position{{}}
	for i := 0; i <= len(records); i++ {
		for _, k := range before {
			if k != i {
				continue
			}
			offset, err := w.Break()
			if err != nil {
				t.Fatal(err)
			}
			at = append(at, tfrecord.Position{Record: int64(i), FileOffset: offset})
		}
		if i < len(records) {
			if err := w.Write(records[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if w.Bytes() != int64(b.Len()) {
		t.Fatalf("Bytes = %d of %d", w.Bytes(), b.Len())
	}
	return b.Bytes(), at
}

func someRecords(n int) (records [][]byte) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range n {
		b := make([]byte, rng.IntN(3000))
		for i := range b {
			b[i] = byte(rng.IntN(7))
		}
		records = append(records, b)
	}
	return records
}

// Every part between breaks holds its own records, and all of them together are a
// file like any other.
func TestPartsBetweenBreaks(t *testing.T) {
	records := someRecords(200)
	for _, c := range []tfrecord.Compression{tfrecord.None, tfrecord.Gzip, tfrecord.Zstd} {
		for _, level := range []int{0, 1} {
			if c == tfrecord.None && level > 0 {
				continue
			}
			t.Run(fmt.Sprint(c, level), func(t *testing.T) {
				file, at := broken(t, c, level, records, 0, 1, 50, 50, 199, 200)
				r := tfrecord.NewReader(bytes.NewReader(file), tfrecord.Options{Compression: c, Strict: true})
				for i, want := range records {
					if got, err := r.Next(); err != nil || !bytes.Equal(got, want) {
						t.Fatalf("record %d: %d bytes, %v", i, len(got), err)
					}
				}
				if _, err := r.Next(); err != io.EOF {
					t.Fatal(err)
				}
				var memory []byte
				for i, from := range at {
					end, last := int64(len(file)), int64(len(records))
					if i+1 < len(at) {
						end, last = at[i+1].FileOffset, at[i+1].Record
					}
					got, err := tfrecord.Split(nil, file[from.FileOffset:end], &memory, from, tfrecord.Options{Compression: c})
					if err != nil || int64(len(got)) != last-from.Record {
						t.Fatalf("part %d: %d records, %v", i, len(got), err)
					}
					for k, rec := range got {
						if !bytes.Equal(rec, records[int(from.Record)+k]) {
							t.Fatalf("part %d: record %d differs", i, k)
						}
					}
				}
			})
		}
	}
}

func TestZlibIsOneStream(t *testing.T) {
	w, err := tfrecord.NewWriter(io.Discard, tfrecord.Options{Compression: tfrecord.Zlib})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Break(); err == nil {
		t.Fatal("no error")
	}
}

// Whatever is damaged, Split finds it and says where in the file.
func TestSplitFindsDamage(t *testing.T) {
	records := someRecords(20)
	for _, c := range []tfrecord.Compression{tfrecord.None, tfrecord.Gzip, tfrecord.Zstd} {
		file, at := broken(t, c, 0, records, 10)
		from := at[1]
		for i := from.FileOffset; i < int64(len(file)); i += 97 {
			bad := bytes.Clone(file)
			bad[i] ^= 0x10
			var memory []byte
			got, err := tfrecord.Split(nil, bad[from.FileOffset:], &memory, from, tfrecord.Options{Compression: c, Path: "x"})
			var format *tfrecord.FormatError
			if err == nil && c != tfrecord.None { // a bit of a stream's header may mean nothing
				for k, rec := range got {
					if !bytes.Equal(rec, records[10+k]) {
						t.Fatalf("%v: byte %d changed, and nobody says so", c, i)
					}
				}
				continue
			}
			if !errors.As(err, &format) || format.Record < 10 || format.Path != "x" {
				t.Fatalf("%v: byte %d: %v", c, i, err)
			}
		}
		for _, cut := range []int{1, 5, 100} {
			var memory []byte
			_, err := tfrecord.Split(nil, file[from.FileOffset:len(file)-cut], &memory, from, tfrecord.Options{Compression: c})
			var format *tfrecord.FormatError
			if !errors.As(err, &format) {
				t.Fatalf("%v: %d bytes cut: %v", c, cut, err)
			}
		}
	}
}

// FuzzSplit holds Split to the Reader: the same records, an error where it has one.
func FuzzSplit(f *testing.F) {
	f.Add([]byte{})
	var b bytes.Buffer
	w, _ := tfrecord.NewWriter(&b, tfrecord.Options{Compression: tfrecord.None})
	_ = w.Write([]byte("abc"))
	_ = w.Write(nil)
	_ = w.Close()
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		opts := tfrecord.Options{Compression: tfrecord.None, Strict: true, MaxRecordBytes: 1 << 20}
		got, err := tfrecord.Split(nil, data, nil, tfrecord.Position{}, opts)
		r := tfrecord.NewReader(bytes.NewReader(data), opts)
		for _, rec := range got {
			if want, err := r.Next(); err != nil || !bytes.Equal(rec, want) {
				t.Fatal(err)
			}
		}
		if _, want := r.Next(); (want == io.EOF) != (err == nil) {
			t.Fatalf("%v, the Reader says %v", err, want)
		}
	})
}
