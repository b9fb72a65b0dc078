package tfrecord

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/retort-ml/retort/io/blob"
)

// manyRecords is a file of records up to longest bytes, total or more in all.
func manyRecords(t testing.TB, total, longest int) (path string, records [][]byte, file []byte) {
	rng, noise := rand.New(rand.NewPCG(1, 2)), rand.NewChaCha8([32]byte{})
	var out bytes.Buffer
	w, err := NewWriter(&out, Options{Compression: None})
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < total; {
		r := make([]byte, rng.IntN(longest+1))
		_, _ = noise.Read(r) // never fails
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
		records, n = append(records, r), n+len(r)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "many.tfrecord")
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path, records, out.Bytes()
}

// drain reads what is left.
func drain(r *Reader) (records [][]byte, err error) {
	for data, err := range r.All() {
		if err != nil {
			return records, err
		}
		records = append(records, bytes.Clone(data))
	}
	return records, nil
}

func sameRecords(t *testing.T, got, want [][]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i := range got {
		if !bytes.Equal(got[i], want[i]) {
			t.Fatalf("record %d differs", i)
		}
	}
}

// Records lie across the ends of what is mapped at once, and some are longer than
// the buffer.
func TestMappedFilesAreReadWhole(t *testing.T) {
	for _, longest := range []int{40, 5000, 200_000, readBuffer, 3 * readBuffer} {
		total := 2*mapBytes + mapBytes/2
		if longest < 100 {
			total = mapBytes + 1000
		}
		path, want, _ := manyRecords(t, total, longest)
		for _, opts := range []Options{{Strict: true}, {Compression: None}, {NoChecksums: true}} {
			r, err := Open(path, opts)
			if err != nil {
				t.Fatal(err)
			}
			got, err := drain(r)
			if err != nil {
				t.Fatalf("records up to %d bytes: %v", longest, err)
			}
			sameRecords(t, got, want)
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A file that shrinks while it is read gives the records that were read, and then
// an error; never a crash, never an end.
func TestAFileThatShrinksIsAnError(t *testing.T) {
	path, want, file := manyRecords(t, 3<<20, 100_000)
	boundary := 0
	for _, r := range want[:len(want)/2] {
		boundary += len(r) + frameSize
	}
	for _, to := range []int{0, 1, 4096, 1 << 20, 1<<20 + 100, 2 << 20, boundary, boundary + 5, boundary + 20, len(file) - 1} {
		for _, after := range []int{1, 12, len(want) / 3} {
			if err := os.WriteFile(path, file, 0o644); err != nil {
				t.Fatal(err)
			}
			r, err := Open(path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			for i := range after {
				if data, err := r.Next(); err != nil || !bytes.Equal(data, want[i]) {
					t.Fatal(i, err)
				}
			}
			if err := os.Truncate(path, int64(to)); err != nil {
				t.Fatal(err)
			}
			got, err := drain(r)
			if err == nil || !strings.Contains(err.Error(), "when it was opened") {
				t.Errorf("cut to %d after %d records: error %v", to, after, err)
			}
			sameRecords(t, got, want[after:min(after+len(got), len(want))])
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// The pages themselves are gone when they are looked at.
func TestAFaultIsCaught(t *testing.T) {
	path, _, _ := manyRecords(t, 1<<20, 50_000)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	m := mapping{file: sized{f, info.Size()}}
	if !m.next() {
		if runtime.GOOS == "linux" {
			t.Log("this system does not tell what its cache holds")
		}
		t.Skip("files are not mapped here")
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	if n := m.copyRecords(make([]byte, 1<<20), Options{}); n != 0 || !m.plain {
		t.Errorf("%d bytes, plain %v; want 0, true", n, m.plain)
	}
	m.release()
	if m.holds(errors.New("other")) {
		t.Error("any panic counts as a fault")
	}
}

type sized struct {
	*os.File
	size int64
}

func (s sized) Size() int64 { return s.size }

// Somebody cuts and restores the file all the time.
func TestAFileThatChangesAllTheTime(t *testing.T) {
	path, want, file := manyRecords(t, 2<<20, 20_000)
	stop, done := make(chan bool), make(chan error)
	go func() {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		for i := 0; err == nil; i++ {
			select {
			case <-stop:
				done <- f.Close()
				return
			default:
			}
			if err = f.Truncate(int64(i*7919) % int64(len(file))); err == nil {
				_, err = f.WriteAt(file, 0)
			}
		}
		done <- err
	}()
	whole := 0
	for range 40 {
		r, err := Open(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := drain(r)
		if err == nil {
			whole++
		}
		for i := range got {
			if !bytes.Equal(got[i], want[i]) {
				t.Fatalf("record %d differs", i)
			}
		}
		r.Close()
	}
	close(stop)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of 40 times it was there whole", whole)
}

func FuzzMappedMatchesRead(f *testing.F) {
	_, _, file := manyRecords(f, 3000, 400)
	f.Add(file, uint16(700), byte(0))
	f.Add(file[:len(file)-3], uint16(9), byte(255))
	f.Add([]byte("no records"), uint16(0), byte(0))
	path := filepath.Join(f.TempDir(), "x.tfrecord")
	f.Fuzz(func(t *testing.T, data []byte, at uint16, flip byte) {
		if int(at) < len(data) {
			data[at] ^= flip
		}
		name := path + fmt.Sprint(os.Getpid())
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
		for _, opts := range []Options{{}, {Strict: true}, {NoChecksums: true, Compression: None}, {MaxRecordBytes: 100}} {
			r, err := Open(name, opts)
			if err != nil {
				t.Fatal(err)
			}
			got, gotErr := drain(r)
			at := r.Position()
			r.Close()
			opts.Path = name
			twin := NewReader(struct{ io.Reader }{bytes.NewReader(data)}, opts)
			want, wantErr := drain(twin)
			sameRecords(t, got, want)
			if fmt.Sprint(gotErr) != fmt.Sprint(wantErr) || at != twin.Position() {
				t.Fatalf("%v at %v, want %v at %v", gotErr, at, wantErr, twin.Position())
			}
		}
	})
}

// TestAFileIsReadFromWhereItIs: who opened it may have gone to the place of a record.
func TestAFileIsReadFromWhereItIs(t *testing.T) {
	path, want, _ := manyRecords(t, 24<<20, 100_000)
	for _, c := range []Compression{None, Auto} {
		at := int64(0)
		for i := 0; i < len(want); i += 1 + len(want)/7 {
			f, err := blob.OpenFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Seek(at, io.SeekStart); err != nil {
				t.Fatal(err)
			}
			r := NewReader(f, Options{Compression: c, Path: path})
			got, err := drain(r)
			if err != nil || len(got) != len(want)-i || !bytes.Equal(got[0], want[i]) || !bytes.Equal(got[len(got)-1], want[len(want)-1]) {
				t.Errorf("%v, from record %d at %d: %d records, %v; want %d", c, i, at, len(got), err, len(want)-i)
			}
			if _, mapped := r.win.src.(*mapping); !mapped {
				t.Errorf("%v: the file was not read as one of this machine", c)
			}
			f.Close()
			for _, rec := range want[i:min(len(want), i+1+len(want)/7)] {
				at += frameSize + int64(len(rec))
			}
		}
	}
}
