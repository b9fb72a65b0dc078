package ingest_test

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/retort-ml/retort/io/index"
	"github.com/retort-ml/retort/transforms/ingest"
)

// tiny is a BMP of 2 x 2 pixels that no other n has.
func tiny(n uint32) []byte {
	const head, row = 54, 8
	b := append([]byte("BM"), make([]byte, head-2+2*row)...)
	for at, v := range map[int]uint32{2: head + 2*row, 10: head, 14: 40, 18: 2, 22: 2, 26: 1 | 24<<16, head: n} {
		binary.LittleEndian.PutUint32(b[at:], v)
	}
	return b
}

// TestMoreThanAPiece: more images than pieces, marks and shards of the index have,
// none of which is lost or doubled.
func TestMoreThanAPiece(t *testing.T) {
	const n = index.ShardRecords + 3000
	path := filepath.Join(t.TempDir(), "many.tar")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(f)
	for i := range n {
		data := tiny(uint32(i))
		if err := w.WriteHeader(&tar.Header{Name: fmt.Sprintf("%d/%d.bmp", i%3, i), Size: int64(len(data)), Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		w.Write(data)
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	list, a, err := run(t, &ingest.Images{Source: []string{path}, Labels: "folder"})
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for i, e := range list {
		names[e.Name] = true
		if i > 0 && bytes.Compare(list[i-1].ID[:], e.ID[:]) >= 0 {
			t.Fatalf("image %d is not in order", i)
		}
		if fmt.Sprint(e.Label) != e.Class || !strings.HasPrefix(e.Name, e.Class+"/") {
			t.Fatalf("%s is %s, %d", e.Name, e.Class, e.Label)
		}
	}
	if c := a.Manifest.Counts; len(names) != n || c["images"] != n || c["duplicates"] != 0 {
		t.Errorf("%d names of %d images; %v", len(names), n, c)
	}
}
