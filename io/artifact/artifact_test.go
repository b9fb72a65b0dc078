package artifact

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/retort-ml/retort/io/blob"
)

func sample(t *testing.T) (string, *Manifest) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.bin"), []byte("hello"), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := Describe(blob.Local(dir), "a.bin", 1)
	if err != nil {
		t.Fatal(err)
	}
	m := &Manifest{Schema: Schema, Kind: "images", Stage: "ingest", Fingerprint: "f", Files: []File{f}}
	if err := Commit(blob.Local(dir), m); err != nil {
		t.Fatal(err)
	}
	return dir, m
}

func TestCommittedManifestLoadsAndVerifies(t *testing.T) {
	dir, want := sample(t)
	got, err := Load(blob.Local(dir))
	if err != nil {
		t.Fatal(err)
	}
	if got.Fingerprint != want.Fingerprint || len(got.Files) != 1 {
		t.Fatalf("got %+v", got)
	}
	if err := Verify(blob.Local(dir), got); err != nil {
		t.Fatal(err)
	}
}

func TestDamageIsNamed(t *testing.T) {
	for name, harm := range map[string]func(path string) error{
		"flipped":   func(p string) error { return os.WriteFile(p, []byte("hellp"), 0o644) },
		"truncated": func(p string) error { return os.Truncate(p, 3) },
		"missing":   os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			dir, m := sample(t)
			if err := harm(filepath.Join(dir, "a.bin")); err != nil {
				t.Fatal(err)
			}
			var damage *DamageError
			if err := Verify(blob.Local(dir), m); !errors.As(err, &damage) || !strings.HasSuffix(damage.Path, "a.bin") {
				t.Fatalf("got %v, want damage of a.bin", err)
			}
		})
	}
}

func TestNoManifestIsAbsent(t *testing.T) {
	if _, err := Load(blob.Local(t.TempDir())); !IsAbsent(err) {
		t.Fatalf("got %v", err)
	}
}

func TestSecondLockNamesTheHolder(t *testing.T) {
	root := t.TempDir()
	release, err := Lock(blob.Local(root))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(blob.Local(root)); err == nil || !strings.Contains(err.Error(), "pid ") {
		t.Fatalf("got %v, want the holder's pid", err)
	}
	release()
	release, err = Lock(blob.Local(root))
	if err != nil {
		t.Fatal(err)
	}
	release()
}

// A manifest in which any bit flips is refused, or says just what it said.
func TestEveryFlippedBitOfAManifest(t *testing.T) {
	m := &Manifest{Schema: Schema, Kind: "images", Stage: "ingest", Fingerprint: "f", Config: json.RawMessage(`{"a":"<b>","c":[1,2]}`),
		Inputs: map[string]string{"x": "y"}, Files: []File{{"b", 1, 2, 3, ""}, {"a", 4, 5, 6, "1@0 3@5"}}, Counts: map[string]int64{"images": 3},
		Quarantine: Summarise([]Rejected{{Name: "n", URI: "u", Reason: "empty"}}, 4), Notes: []string{"a note"}, Meta: json.RawMessage(`{"classes":["ä"]}`)}
	data, err := m.encode()
	if err != nil {
		t.Fatal(err)
	}
	want, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	whole, _ := want.encode()
	if !bytes.Equal(whole, data) {
		t.Fatalf("read and written again it is\n%s\nwant\n%s", whole, data)
	}
	for bit := range 8 * len(data) {
		bad := bytes.Clone(data)
		bad[bit/8] ^= 1 << (bit % 8)
		if got, err := Parse(bad); err == nil {
			if again, _ := got.encode(); !bytes.Equal(again, whole) {
				t.Fatalf("bit %d: taken for\n%s", bit, again)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"schema":1,"files":[{"name":"../x","bytes":1}]}`))
	good, err := (&Manifest{Schema: Schema, Kind: "images", Files: []File{{"a", 0, 1, 7, ""}}}).encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Parse(data)
		if err != nil {
			return
		}
		for _, file := range m.Files {
			if !filepath.IsLocal(file.Name) {
				t.Fatalf("accepted %q", file.Name)
			}
		}
	})
}
