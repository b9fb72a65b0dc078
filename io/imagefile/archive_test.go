package imagefile

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/flate"
)

// zipOf makes a zip of members, stored or deflated in turn.
func zipOf(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i, m := range members {
		h := &zip.FileHeader{Name: m.Name, Method: []uint16{zip.Store, zip.Deflate}[i%2]}
		if m.Typeflag == tar.TypeSymlink {
			h.SetMode(os.ModeSymlink | 0o777)
		}
		f, err := w.CreateHeader(h)
		if err == nil {
			_, err = f.Write(m.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sameBytes reads every good entry and holds it to the images of the test.
func sameBytes(t *testing.T, entries []Entry, images [][]byte) {
	t.Helper()
	var r Reader
	defer r.Close()
	for _, e := range entries {
		if e.Reason != "" {
			continue
		}
		data := e.Data
		if data == nil {
			var err error
			if data, err = r.ReadRef(Ref{URI: e.URI, Offset: e.Offset, Length: e.Length}, nil); err != nil {
				t.Errorf("%s: %v", e.Name, err)
				continue
			}
		}
		if !slices.ContainsFunc(images, func(image []byte) bool { return bytes.Equal(image, data) }) {
			t.Errorf("%s: other bytes than were stored", e.Name)
		}
		if e.CRC != 0 && crc32.ChecksumIEEE(data) != e.CRC {
			t.Errorf("%s: another checksum than its archive tells", e.Name)
		}
	}
}

func pictures(t testing.TB, n int) (images [][]byte) {
	for i := range n {
		images = append(images, tiny(t, uint8(i)))
	}
	return images
}

func TestListZip(t *testing.T) {
	images := pictures(t, 6)
	p := filepath.Join(t.TempDir(), "set.zip")
	write(t, p, zipOf(t,
		file("train/b/1.png", images[0]), file("train/b/2.png", images[1]),
		file(`c\3.png`, images[2]), file("c/Gr\x81n.png", images[3]),
		file("../up.png", images[4]), member{Header: tar.Header{Name: "c/l.png", Typeflag: tar.TypeSymlink}, data: []byte("/etc/passwd")},
		file("__MACOSX/b/._1.png", []byte("x")), file("c/notes.txt", []byte("x")), file("c/grün.png", images[5])))
	var stats ListStats
	got, err := collect(t, &stats, p)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"train/b/1.png|b|", "train/b/2.png|b|", "c/3.png|c|", "c/Grün.png|c|", "../up.png||bad-name", "c/l.png||link", "c/grün.png|c|"}
	if !slices.Equal(names(got), want) {
		t.Errorf("got  %q\nwant %q", names(got), want)
	}
	if got[0].Data != nil || got[0].Offset == 0 || got[1].Data == nil {
		t.Errorf("a stored image lies at an offset, a deflated one comes with its bytes: %+v", got[:2])
	}
	checkStats(t, &stats, 5, 2, 2, "1 .txt; left by systems or tools: 1 __MACOSX")
	sameBytes(t, got, images)
}

// TestArchivesInArchives has one tar a class in a tar, as ImageNet has, in every
// wrapping; and a zip in each.
func TestArchivesInArchives(t *testing.T) {
	images := pictures(t, 6)
	members := []member{
		file("n01440764.tar", tarOf(t, file("n01440764_1.JPEG", images[0]), file("n01440764_2.JPEG", images[1]))),
		file("n01443537.tar", tarOf(t, file("n01443537_1.JPEG", images[2]))),
		file("more/owl.zip", zipOf(t, file("1.png", images[3]), file("2.png", images[4]))),
		file("n02.tar.gz", compressed(t, ".tgz", tarOf(t, file("deep/x.png", images[5])))),
	}
	want := []string{"n01440764.tar/n01440764_1.JPEG|n01440764|", "n01440764.tar/n01440764_2.JPEG|n01440764|", "n01443537.tar/n01443537_1.JPEG|n01443537|",
		"more/owl.zip/1.png|owl|", "more/owl.zip/2.png|owl|", "n02.tar.gz/deep/x.png|deep|"}
	for name, data := range map[string][]byte{"a.tar": tarOf(t, members...), "a.tar.gz": compressed(t, ".tgz", tarOf(t, members...)),
		"a.tar.zst": compressed(t, ".tar.zst", tarOf(t, members...)), "a.zip": zipOf(t, members...)} {
		t.Run(name, func(t *testing.T) {
			p := filepath.Join(t.TempDir(), name)
			write(t, p, data)
			got, err := collect(t, nil, p)
			if err != nil || !slices.Equal(names(got), want) {
				t.Fatalf("got  %q, %v\nwant %q", names(got), err, want)
			}
			sameBytes(t, got, images)
			if name == "a.tar" && (got[0].Data != nil || got[3].Data != nil) {
				t.Error("plain archives in a plain one can be read at an offset")
			}
		})
	}
}

func TestArchivesAsClasses(t *testing.T) {
	images := pictures(t, 4)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "classes/cat.tar"), tarOf(t, file("1.png", images[0])))
	write(t, filepath.Join(dir, "classes/dog.zip"), zipOf(t, file("1.png", images[1])))
	write(t, filepath.Join(dir, "loose/owl/a.png"), images[2])
	write(t, filepath.Join(dir, "loose/owl/more.tar"), tarOf(t, file("1.png", images[3])))
	write(t, filepath.Join(dir, "shards/train-0001.tar"), tarOf(t, file("1.png", images[0])))
	for source, want := range map[string][]string{
		"classes":   {"cat.tar/1.png|cat|", "dog.zip/1.png|dog|"},
		"loose":     {"owl/a.png|owl|", "owl/more.tar/1.png|owl|"},
		"shards":    {"train-0001.tar/1.png||"},
		"classes/*": {"1.png|cat|", "1.png|dog|"},
	} {
		got, err := collect(t, nil, filepath.Join(dir, source))
		if err != nil || !slices.Equal(names(got), want) {
			t.Errorf("%s: got  %q, %v; want %q", source, names(got), err, want)
		}
	}
	if got, err := collect(t, nil, filepath.Join(dir, "classes/cat.tar")); err != nil || got[0].Class != "" {
		t.Errorf("one archive alone is no class: %q, %v", names(got), err)
	}
}

// TestJoinedArchives reads what cat a.tar b.tar and appending leave.
func TestJoinedArchives(t *testing.T) {
	images := pictures(t, 4)
	a, b := tarOf(t, file("cat/1.png", images[0]), file("cat/2.png", images[1])), tarOf(t, file("dog/1.png", images[2]), file("dog/2.png", images[3]))
	pad := make([]byte, 10240)
	want := []string{"cat/1.png|cat|", "cat/2.png|cat|", "dog/1.png|dog|", "dog/2.png|dog|"}
	for name, data := range map[string][]byte{
		"plain.tar":   slices.Concat(a, b),
		"padded.tar":  slices.Concat(a, pad, b, pad),
		"tail.tar":    slices.Concat(a, b, []byte("a note that somebody left")),
		"both.tar.gz": slices.Concat(compressed(t, ".tgz", a), compressed(t, ".tgz", b)),
		"pad.tar.gz":  slices.Concat(compressed(t, ".tgz", slices.Concat(a, b)), pad),
		"both.tzst":   slices.Concat(compressed(t, ".tar.zst", a), compressed(t, ".tar.zst", b)),
	} {
		p := filepath.Join(t.TempDir(), name)
		write(t, p, data)
		var stats ListStats
		got, err := collect(t, &stats, p)
		if err != nil || !slices.Equal(names(got), want) {
			t.Errorf("%s: got  %q, %v\nwant %q", name, names(got), err, want)
		}
		if tail := strings.Contains(stats.Passed.String(), "behind the end"); tail != (name == "tail.tar" || name == "pad.tar.gz") {
			t.Errorf("%s: %s", name, stats.Passed.String())
		}
		sameBytes(t, got, images)
	}
}

// TestStreams reads archives that the usual programs made (testdata), by bytes and
// not by name.
func TestStreams(t *testing.T) {
	for _, name := range []string{"set.tar.bz2", "set.tar.xz"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		for _, as := range []string{name, "other.tar", "joined." + name} {
			p := filepath.Join(t.TempDir(), as)
			if write(t, p, data); strings.HasPrefix(as, "joined") {
				write(t, p, slices.Concat(data, data))
			}
			got, err := collect(t, nil, p)
			want := []string{"cat/1.png|cat|", "dog/2.png|dog|"}
			if strings.HasPrefix(as, "joined") {
				want = slices.Concat(want, want)
			}
			if err != nil || !slices.Equal(names(got), want) {
				t.Errorf("%s: %q, %v", as, names(got), err)
			}
		}
		for cut := range data {
			p := filepath.Join(t.TempDir(), name)
			write(t, p, data[:cut])
			if got, err := collect(t, nil, p); err == nil || !strings.Contains(err.Error(), p) {
				t.Fatalf("%s cut at byte %d of %d: %q, %v", name, cut, len(data), names(got), err)
			}
		}
	}
}

func TestDamagedZip(t *testing.T) {
	images := pictures(t, 2)
	whole := zipOf(t, file("a/1.png", images[0]), file("a/2.png", images[1]))
	encrypted := bytes.Clone(whole)
	for at := 0; ; { // the flag in the local headers and in the directory
		i := bytes.Index(encrypted[at:], []byte("PK\x01\x02"))
		if i < 0 {
			break
		}
		encrypted[at+i+8] |= 1
		at += i + 4
	}
	var odd bytes.Buffer
	w := zip.NewWriter(&odd)
	w.RegisterCompressor(9, flateCompressor)
	f, _ := w.CreateHeader(&zip.FileHeader{Name: "a/1.png", Method: 9})
	f.Write(images[0])
	w.Close()
	flipped := bytes.Clone(whole)
	flipped[bytes.Index(flipped, []byte("2.png"))+9] ^= 0x55 // within deflated bytes
	for name, c := range map[string]struct {
		data []byte
		want string // of an error, or of the reasons
	}{
		"cut.zip":       {whole[:len(whole)-30], "get the whole file again"},
		"empty.zip":     {nil, "the file is empty"},
		"text.zip":      {[]byte("hello"), "get the whole file again"},
		"encrypted.zip": {encrypted, "is encrypted"},
		"odd.zip":       {odd.Bytes(), "unsupported-format"},
		"flipped.zip":   {flipped, "corrupt"},
		"set.7z":        {[]byte("7z\xbc\xaf\x27\x1c and more"), "7z x"},
		"set.zip":       {[]byte("Rar!\x1a\x07 and more"), "unrar x"},
		"set.tar.zst":   {[]byte("7z\xbc\xaf\x27\x1c and more"), ".7z archives are not read"},
	} {
		p := filepath.Join(t.TempDir(), name)
		write(t, p, c.data)
		got, err := collect(t, nil, p)
		if text := fmt.Sprint(names(got), err); !strings.Contains(text, c.want) || err != nil && !strings.Contains(text, p) {
			t.Errorf("%s: %s; want %q", name, text, c.want)
		}
	}
	for cut := range whole { // a panic or a hang is what this looks for
		p := filepath.Join(t.TempDir(), "set.zip")
		write(t, p, whole[:cut])
		if got, err := collect(t, nil, p); err == nil {
			t.Fatalf("cut at byte %d of %d: %q", cut, len(whole), names(got))
		}
	}
}

func flateCompressor(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, 1) }

// TestSparseMember holds that a member with holes comes with its bytes.
func TestSparseMember(t *testing.T) {
	data, err := os.ReadFile("testdata/sparse.tar")
	if err != nil {
		t.Fatal(err)
	}
	p := filepath.Join(t.TempDir(), "sparse.tar")
	write(t, p, data)
	got, err := collect(t, nil, p)
	if err != nil || len(got) != 1 || got[0].Reason != "" {
		t.Fatalf("%q, %v", names(got), err)
	}
	if n := len(got[0].Data); n != 1<<20 || !bytes.HasPrefix(got[0].Data, []byte("BM")) {
		t.Errorf("%d bytes", n)
	}
}
