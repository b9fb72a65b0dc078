package atomicfile

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// fake is a queue that writes when it is asked what it wrote, in any order, and goes
// wrong where it is told to.
type fake struct {
	t       *testing.T
	f       *os.File
	waiting []*passage
	short   func(at int64) bool // writes half
	refuse  func(at int64) bool
	broken  error // of wait
	closed  bool
}

func (q *fake) put(p *passage) error {
	bytes := 0
	for i, b := range p.pieces {
		if inPage(b) != 0 || len(b)%directPage != 0 || len(b) == 0 {
			q.t.Errorf("piece %d of %d bytes, at byte %d of its page", i, len(b), inPage(b))
		}
		bytes += len(b)
	}
	if p.at%directPage != 0 || bytes != p.bytes || len(p.pieces) > 3 {
		q.t.Errorf("%d pieces of %d bytes for %d at %d", len(p.pieces), bytes, p.bytes, p.at)
	}
	if q.refuse != nil && q.refuse(p.at) {
		return errors.New("not this one")
	}
	q.waiting = append(q.waiting, p)
	return nil
}

func (q *fake) wait(least int, done func(at int64, written int)) error {
	if q.broken != nil {
		return q.broken
	}
	if least > len(q.waiting) {
		q.t.Fatalf("waits for %d of %d", least, len(q.waiting))
	}
	for range max(least, rand.IntN(len(q.waiting)+1)) {
		i := rand.IntN(len(q.waiting))
		p := q.waiting[i]
		q.waiting = slices.Delete(q.waiting, i, i+1)
		n, at := 0, p.at
		for _, b := range p.pieces {
			if q.short != nil && q.short(p.at) {
				b = b[:len(b)/2]
			}
			k, err := q.f.WriteAt(b, at)
			if err != nil {
				q.t.Error(err)
			}
			n, at = n+k, at+int64(len(b))
		}
		done(p.at, n)
	}
	return nil
}

func (q *fake) close() { q.closed = true }

// gathering is a file of size bytes that is written through a queue.
func gathering(t *testing.T, path string, size int64, q *fake) *File {
	t.Helper()
	w, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Truncate(size); err != nil {
		t.Fatal(err)
	}
	q.t, q.f = t, w.f
	lent.open()
	w.direct = &direct{plain: w.f, size: size, pages: map[int64]*page{}, queue: q, under: map[int64]*passage{}}
	return w
}

// parts are borders of parts of a file, some of them within one page, some of many.
func parts(rng *rand.Rand, size int) []int {
	at := []int{0}
	for last := 0; last < size; {
		most := []int{3, 100, 5000, 70000, 400_000}[rng.IntN(5)]
		last = min(size, last+1+rng.IntN(most))
		if rng.IntN(4) == 0 {
			last = min(size, (last+directPage-1)&^(directPage-1))
		}
		at = append(at, last)
	}
	return at
}

func randomBytes(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

// writeParts writes the parts by four goroutines, out of lent memory or not.
func writeParts(w *File, want []byte, at []int) error {
	var group sync.WaitGroup
	errs := make([]error, 4)
	for g := range 4 {
		group.Go(func() {
			for i := g; i+1 < len(at); i += 4 {
				p, from := want[at[i]:at[i+1]], int64(at[i])
				var err error
				switch i % 3 {
				case 0:
					_, err = w.WriteAt(p, from)
				case 1:
					err = w.WriteLent(append(w.Lend(len(p), from), p...), from)
				case 2: // for another place, as when what lay before stays away
					err = w.WriteLent(append(w.Lend(len(p), from+100), p...), from)
				}
				errs[g] = errors.Join(errs[g], err)
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// Whatever the parts and their order, and where the queue refuses or writes less, the
// file is what was written.
func TestDirectWritesAll(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	some := func(at int64) bool { return at/directPage%3 == 0 }
	for _, size := range []int{1, directPage - 1, directPage, 100_000, 3_000_001} {
		for _, q := range []*fake{{}, {short: some}, {refuse: some}} {
			path := filepath.Join(t.TempDir(), "a")
			w := gathering(t, path, int64(size), q)
			want := randomBytes(rng, size)
			if err := writeParts(w, want, parts(rng, size)); err != nil {
				t.Fatal(err)
			}
			if err := w.Commit(); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%d bytes: they differ (%v)", size, err)
			}
			if !q.closed || lent.files != 0 || len(lent.out) != 0 {
				t.Fatalf("closed: %v; %d files and %d pieces of memory are left", q.closed, lent.files, len(lent.out))
			}
		}
	}
}

// What stays away leaves a gap with anything in it; what lies around it is there, and
// can be read before the end.
func TestDirectGapsAndReading(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	want := randomBytes(rng, 200_000)
	path := filepath.Join(t.TempDir(), "a")
	w := gathering(t, path, int64(len(want)), &fake{})
	for _, p := range [][2]int{{0, 50_001}, {60_000, 60_010}, {120_000, 200_000}} {
		if _, err := w.WriteAt(want[p[0]:p[1]], int64(p[0])); err != nil {
			t.Fatal(err)
		}
	}
	got := make([]byte, 80_000)
	if _, err := w.ReadAt(got, 120_000); err != nil || !bytes.Equal(got, want[120_000:]) {
		t.Fatal("read back otherwise: ", err)
	}
	if _, err := w.WriteAt(want[120_000:], 50_001); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Truncate(130_001), w.Commit()); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, append(want[:50_001:50_001], want[120_000:]...)) {
		t.Fatal("closed up otherwise: ", err)
	}
}

// A queue that breaks is an error of the file, which does not appear.
func TestDirectBreaks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	w := gathering(t, path, 100_000, &fake{broken: errors.New("the queue is gone")})
	defer w.Discard()
	if _, err := w.WriteAt(make([]byte, 100_000), 0); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(); err == nil || !bytes.Contains([]byte(err.Error()), []byte("the queue is gone")) {
		t.Fatalf("got %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Fatal("the file is there")
	}
	w = gathering(t, path, 100, &fake{})
	if _, err := w.WriteAt(make([]byte, 10), 95); err == nil {
		t.Fatal("wrote beyond the end")
	}
	w.Discard()
	if lent.files != 0 {
		t.Fatalf("%d files are open", lent.files)
	}
}

// The system's queue, where the folder of tests lies on a disk that has one.
func TestInOrderOnThisDisk(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	want := randomBytes(rng, directFrom+5_000_001)
	path := filepath.Join(t.TempDir(), "a")
	w, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard()
	lends, err := w.InOrder(int64(len(want)))
	if err != nil {
		t.Fatal(err)
	}
	if !lends {
		t.Skip("no disk that is written around the page cache")
	}
	if err := errors.Join(writeParts(w, want, parts(rng, len(want))), w.Commit()); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
		t.Fatal("they differ: ", err)
	}
	for range 3 { // on their way when the file is given up
		w, err := Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.InOrder(int64(len(want))); err != nil {
			t.Fatal(err)
		}
		if err := writeParts(w, want, parts(rng, len(want))); err != nil {
			t.Fatal(err)
		}
		w.Discard()
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), TempPattern)); len(left) > 0 || lent.files != 0 {
		t.Fatalf("left: %v, %d files", left, lent.files)
	}
}

// Memory goes back once: given twice, it would be lent to two at a time.
func TestLentMemoryGoesBackOnce(t *testing.T) {
	const size, parts = 2 * directPage, 3000
	path := filepath.Join(t.TempDir(), "a")
	w := gathering(t, path, parts*size, &fake{})
	var others, writers sync.WaitGroup
	var done atomic.Bool
	for g := range 8 { // who takes what comes back
		others.Go(func() {
			for !done.Load() {
				p := append(w.Lend(size, 0), bytes.Repeat([]byte{byte(g)}, size)...)
				runtime.Gosched()
				if bytes.Count(p, []byte{byte(g)}) != size {
					t.Error("another one wrote into memory that is lent")
					return
				}
				lent.give(p)
			}
		})
	}
	for g := range int64(4) {
		writers.Go(func() {
			for i := g; i < parts; i += 4 {
				part := bytes.Repeat([]byte{byte(i)}, size)
				if err := w.WriteLent(append(w.Lend(size, i*size), part...), i*size); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	done.Store(true)
	others.Wait()
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		if got[i] != byte(i/size) {
			t.Fatalf("byte %d is of part %d, not of %d (modulo 256)", i, got[i], i/size)
		}
	}
}

// All memory that a file lends is given back to the system, however it ends.
func TestLentMemoryIsFreed(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	want := randomBytes(rng, 300_001)
	end := map[string]func(w *File){
		"commit": func(w *File) {
			if err := w.Commit(); err != nil {
				t.Error(err)
			}
		},
		"discard": (*File).Discard,
		"broken": func(w *File) {
			w.direct.queue.(*fake).broken = errors.New("the queue is gone")
			if err := w.Commit(); err == nil {
				t.Error("no error")
			}
		},
	}
	for name, end := range end {
		lent.open() // as if another file were open: what is lent stays known
		w := gathering(t, filepath.Join(t.TempDir(), "a"), int64(len(want)), &fake{})
		if err := writeParts(w, want, parts(rng, len(want))); err != nil {
			t.Fatal(err)
		}
		end(w)
		if len(lent.out) != 0 {
			t.Errorf("%s: %d pieces of memory are still lent", name, len(lent.out))
		}
		lent.close()
	}
}
