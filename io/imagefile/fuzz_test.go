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
		if p.Data != nil {
			if !bytes.Equal(p.Data, q.Data) {
				t.Fatalf("%s: other bytes", p.Name)
			}
			continue
		}
		if p.Reason == "" && p.Offset+p.Length <= int64(len(data)) && !bytes.Equal(q.Data, data[p.Offset:p.Offset+p.Length]) {
			t.Fatalf("%s: other bytes at %d", p.Name, p.Offset)
		}
	}
}

// fuzzArchive holds that any bytes as an archive give entries that lie inside it
// and can be read as they are told, or an error that names it.
func fuzzArchive(t *testing.T, name string, data []byte) {
	p := filepath.Join(t.TempDir(), name)
	write(t, p, data)
	got, err := collect(t, nil, p)
	if err != nil && !strings.Contains(err.Error(), p) {
		t.Fatalf("%v does not name the archive", err)
	}
	for _, e := range got {
		switch {
		case e.Reason != "":
		case !filepath.IsLocal(filepath.FromSlash(e.Name)), e.Offset < 0, e.Length < 0, strings.HasPrefix(e.Class, "\x00"):
			t.Fatalf("%+v", e)
		case e.Data == nil && err == nil && e.Offset+e.Length > int64(len(data)):
			t.Fatalf("%s: lies behind the end: %d + %d of %d", e.Name, e.Offset, e.Length, len(data))
		case e.Data != nil && int64(len(e.Data)) != e.Length:
			t.Fatalf("%s: %d bytes of %d", e.Name, len(e.Data), e.Length)
		}
	}
}

func FuzzListZip(f *testing.F) {
	image := tiny(f, 1)
	whole := zipOf(f, file("a/1.png", image), file("a/2.png", image), file(`b\3.png`, image), file("t.tar", tarOf(f, file("1.png", image))), file("../up.png", image), file("1.cls", []byte("7")))
	f.Add(whole)
	f.Add(whole[:len(whole)-20])
	f.Add(zipOf(f, file("in.zip", whole), file("in.zip", whole)))
	f.Fuzz(func(t *testing.T, data []byte) { fuzzArchive(t, "x.zip", data) })
}

// FuzzListTarOfTars has archives, records and label files inside a tar.
func FuzzListTarOfTars(f *testing.F) {
	image := tiny(f, 1)
	inner := tarOf(f, file("1.png", image), file("1.cls", []byte("cat")), file("2.json", []byte(`{"label":3}`)), file("2.png", image))
	f.Add(tarOf(f, file("n01.tar", inner), file("n02.tar.gz", compressed(f, ".tgz", inner)), file("z.zip", zipOf(f, file("a/1.png", image)))))
	f.Add(append(inner, inner...))
	f.Add(tarOf(f, file("x.tfrecord", recordsOf(f, map[string]any{"image/encoded": image, "image/class/text": "cat"}))))
	f.Fuzz(func(t *testing.T, data []byte) { fuzzArchive(t, "x.tar", data) })
}

func FuzzListRecords(f *testing.F) {
	image := tiny(f, 1)
	f.Add(recordsOf(f, map[string]any{"image/encoded": image, "image/class/label": 3}, map[string]any{"image": image}), "0:cat\n1:dog\n")
	f.Add(recordsOf(f, map[string]any{"image_raw": []byte("raw"), "height": 3}), "a\n\n")
	f.Fuzz(func(t *testing.T, data []byte, classes string) {
		fuzzArchive(t, "x.tfrecord", data)
		parseClassNames(classes, true)
		parseClassNames(classes, false)
	})
}

// FuzzSidecars: any text beside an image is a label of one line, or none.
func FuzzSidecars(f *testing.F) {
	for _, text := range []string{"7", "cat\n", `{"label": "cat"}`, `{"class": 7}`, "0 0.5 0.5 0.1 0.1", "\ufeffa", "1.jpg\tn01\t0\t0\t3\t3\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, ext := range []string{".cls", ".json", ".txt"} {
			if label := labelIn(ext, text, true); label != strings.TrimSpace(label) {
				t.Fatalf("%q", label)
			}
		}
		readAnnotations(bytes.NewReader(text))
	})
}

// FuzzListPaths: any bytes as a list or a CSV of paths give entries, or an error
// that names the list.
func FuzzListPaths(f *testing.F) {
	for _, text := range []string{"a.png\n# b\nc.png", "id,path,label\n1,a.png,x\n", "path\n\"b.png\nc.png\n", "\ufeffpath\n\n,", "/etc/passwd\n..\n\x00"} {
		f.Add([]byte(text), true)
		f.Add([]byte(text), false)
	}
	f.Fuzz(func(t *testing.T, data []byte, csv bool) {
		if bytes.Contains(bytes.ReplaceAll(data, []byte{0}, nil), []byte("..")) {
			t.Skip() // a row may be a folder, and one outside may be all that there is
		}
		data = bytes.ReplaceAll(bytes.ReplaceAll(data, []byte("/"), []byte("_")), []byte(`\`), []byte("_"))
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
