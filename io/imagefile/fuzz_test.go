package imagefile

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// FuzzListTar: any bytes as an archive give entries that lie inside it, or an
// error that names it; compressed they give the same images.
func FuzzListTar(f *testing.F) {
	image := tiny(f, 1)
	whole := tarOf(f, file("a/1.png", image), file("a/"+strings.Repeat("long", 40)+".png", image),
		member{Header: tar.Header{Name: "l.png", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}},
		file("../up.png", image), file("readme.txt", []byte("x")))
	f.Add(whole)
	f.Add(whole[:1100])
	f.Add([]byte("no tar"))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		plain, packed := filepath.Join(dir, "x.tar"), filepath.Join(dir, "x.tar.zst")
		if err := os.WriteFile(plain, data, 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := collect(t, nil, plain)
		if err != nil && !strings.Contains(err.Error(), plain) {
			t.Fatalf("%v does not name the archive", err)
		}
		for _, e := range got {
			if e.Reason == "" && (!filepath.IsLocal(filepath.FromSlash(e.Name)) || e.Offset < 0 || e.Length < 0) {
				t.Fatalf("%+v", e)
			}
		}
		if err := os.WriteFile(packed, compressed(t, ".tar.zst", data), 0o644); err != nil {
			t.Fatal(err)
		}
		again, packedErr := collect(t, nil, packed)
		if (err == nil) != (packedErr == nil) {
			if len(again) > len(got) || !slices.Equal(names(again), names(got)[:len(again)]) {
				t.Fatalf("plain: %v; compressed: %v", err, packedErr)
			}
			return
		}
		sameMembers(t, data, got, again)
	})
}

// sameMembers compares the entries of an archive with those of the same one
// compressed, which come with their bytes.
func sameMembers(t *testing.T, data []byte, plain, packed []Entry) {
	for i := range min(len(plain), len(packed)) {
		p, q := plain[i], packed[i]
		if p.Name != q.Name || p.Reason != q.Reason || p.Length != q.Length {
			t.Fatalf("plain: %+v; compressed: %+v", p, q)
		}
		if p.Reason == "" && p.Offset+p.Length <= int64(len(data)) && !bytes.Equal(q.Data, data[p.Offset:p.Offset+p.Length]) {
			t.Fatalf("%s: other bytes at %d", p.Name, p.Offset)
		}
	}
}

// FuzzListPaths: any bytes as a list or a CSV of paths give entries, or an error
// that names the list.
func FuzzListPaths(f *testing.F) {
	for _, text := range []string{"a.png\n# b\nc.png", "id,path,label\n1,a.png,x\n", "path\n\"b.png\nc.png\n", "\ufeffpath\n\n,", "/etc/passwd\n..\n\x00"} {
		f.Add([]byte(text), true)
		f.Add([]byte(text), false)
	}
	f.Fuzz(func(t *testing.T, data []byte, csv bool) {
		path := filepath.Join(t.TempDir(), "x.txt")
		if csv {
			path = filepath.Join(t.TempDir(), "x.csv")
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := collect(t, nil, path)
		if err != nil && !strings.Contains(err.Error(), path) {
			t.Fatalf("%v does not name the list", err)
		}
		for _, e := range got {
			if e.URI == "" {
				t.Fatalf("%+v", e)
			}
		}
	})
}
