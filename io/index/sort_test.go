package index

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSorterYieldsEveryIDOnceInOrder(t *testing.T) {
	s, err := NewSorter(filepath.Join(t.TempDir(), "sort"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Remove()
	rng := rand.New(rand.NewPCG(1, 2))
	ids := map[[16]byte]bool{}
	for range 5000 {
		e := Entry{Class: "cat"}
		e.ID[0], e.ID[1] = byte(rng.IntN(256)), byte(rng.IntN(8))
		e.Offset = rng.Int64N(1000)
		ids[e.ID] = true
		if err := s.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		var last *Entry
		n := 0
		for e, err := range s.All() {
			if err != nil {
				t.Fatal(err)
			}
			if last != nil && bytes.Compare(last.ID[:], e.ID[:]) >= 0 {
				t.Fatalf("%s comes after %s", e.ID, last.ID)
			}
			last = &e
			n++
		}
		if n != len(ids) {
			t.Fatalf("%d references, want %d", n, len(ids))
		}
	}
}

func TestSorterOfCopies(t *testing.T) {
	at := func(uri, class string) Entry {
		e := entry(1)
		e.URI, e.Class = uri, class
		return e
	}
	cases := []struct {
		in   []Entry
		want string // the URI kept, or the error
	}{
		{[]Entry{at("b", ""), at("a", "")}, "a"},
		{[]Entry{at("a", ""), at("b", "cat")}, "b"},
		{[]Entry{at("b", "cat"), at("a", "cat")}, "a"},
		{[]Entry{at("a", "cat"), at("b", "dog")}, "the same image has two labels"},
	}
	for _, c := range cases {
		s, err := NewSorter(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range c.in {
			if err := s.Add(e); err != nil {
				t.Fatal(err)
			}
		}
		for e, err := range s.All() {
			if err == nil && e.URI != c.want || err != nil && !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %s, %v; want %s", e.URI, err, c.want)
			}
		}
		s.Remove()
	}
}

func TestSorterCountsCopies(t *testing.T) {
	s, err := NewSorter(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Remove()
	for i := range 100 {
		var e Entry
		e.ID[0], e.Offset = byte(6*(i%40)), int64(i)
		if err := s.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // every pass counts anew
		n := int64(0)
		for _, err := range s.All() {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != 40 || s.Copies() != 60 {
			t.Fatalf("%d references and %d copies of 100; want 40 and 60", n, s.Copies())
		}
	}
}

// TestSorterAsksForRoom before its files take it.
func TestSorterAsksForRoom(t *testing.T) {
	dir := t.TempDir()
	s, err := NewSorter(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Remove()
	var told int64
	full := errors.New("no room")
	s.Room = func(bytes int64) error {
		if told += bytes; told > 3<<20 {
			return full
		}
		return nil
	}
	var e Entry
	for i := range 1 << 20 {
		binary.BigEndian.PutUint32(e.ID[:], uint32(i)<<12)
		e.Name, e.URI = fmt.Sprintf("%0100d", i), "file:///a"
		if err = s.Add(e); err != nil {
			break
		}
	}
	if !errors.Is(err, full) {
		t.Fatal(err)
	}
	if err := s.seal(); err != nil {
		t.Fatal(err)
	}
	var used int64
	files, _ := os.ReadDir(dir)
	for _, f := range files {
		if info, err := f.Info(); err == nil {
			used += info.Size()
		}
	}
	if used > told || used < told-2<<20 {
		t.Errorf("the files take %d bytes; it told of %d", used, told)
	}
}
