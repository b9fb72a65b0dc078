package label

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/tfrecord"
	"github.com/retort-ml/retort/pipelines"
)

func target(n byte, pass, view int) Target {
	return Target{Key: Key{imagefile.ID{n}, pass, view}, Teacher: "teacher", Logits: []float32{float32(n), -1.5, 0}}
}

// TestLogitsSurviveHalfPrecision: within half a unit of the eleventh bit, and
// finite whatever they were.
func TestLogitsSurviveHalfPrecision(t *testing.T) {
	want := target(7, 3, 1)
	want.Logits = []float32{0, 1, -2.5, 3.14159, 1e-5, 65504, 1e9, float32(math.Inf(-1))}
	var got Target
	if err := got.Decode(want.Encode()); err != nil {
		t.Fatal(err)
	}
	if got.Key != want.Key || got.Teacher != want.Teacher {
		t.Fatalf("got %+v", got)
	}
	for i, x := range want.Logits {
		x = max(-largest, min(x, largest))
		if d := math.Abs(float64(got.Logits[i] - x)); d > math.Abs(float64(x))/2048+6e-8 {
			t.Errorf("%v became %v", x, got.Logits[i])
		}
	}
}

func FuzzDecodeTarget(f *testing.F) {
	whole := target(1, 2, 0)
	f.Add(whole.Encode())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		var a, b Target
		if a.Decode(data) != nil {
			return
		}
		if err := b.Decode(a.Encode()); err != nil || a.Key != b.Key || len(a.Logits) != len(b.Logits) {
			t.Fatalf("%v, %v: %v", a, b, err)
		}
	})
}

func write(t *testing.T, dir, name string, targets ...Target) artifact.File {
	t.Helper()
	w, err := tfrecord.Create(filepath.Join(dir, name), tfrecord.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard()
	for _, x := range targets {
		if err := w.Write(x.Encode()); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	return artifact.File{Name: name, Records: w.Records()}
}

// TestIndexFindsInAnyOrder: by image, pass and view, over several files.
func TestIndexFindsInAnyOrder(t *testing.T) {
	dir := t.TempDir()
	files := []artifact.File{
		write(t, dir, "targets-1", target(9, 1, 0), target(2, 0, 1), target(2, 0, 0)),
		write(t, dir, "targets-0", target(5, 0, 0)),
	}
	x, err := openIndex(blob.Local(dir), dir, files, "teacher")
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if n := x.Count(0); n != 3 {
		t.Errorf("%d targets of view 0, want 3", n)
	}
	for _, want := range []Target{target(5, 0, 0), target(2, 0, 1), target(9, 1, 0), target(2, 0, 0)} {
		var got Target
		if err := x.Find(want.Key, &got); err != nil || got.Key != want.Key || got.Logits[0] != want.Logits[0] {
			t.Errorf("%s: got %+v, %v", want.Key, got, err)
		}
	}
	var missing *MissingError
	if err := x.Find(Key{imagefile.ID{5}, 1, 0}, new(Target)); !errors.As(err, &missing) || !strings.Contains(err.Error(), "pass 1 view 0") {
		t.Errorf("got %v, want a MissingError", err)
	}
}

// More files than a process may have open are no trouble.
func TestIndexOfManyFiles(t *testing.T) {
	dir := t.TempDir()
	var files []artifact.File
	for i := range mostOpen + 40 {
		files = append(files, write(t, dir, fmt.Sprint("many", i), target(byte(i), i>>8, 0)))
	}
	x, err := openIndex(blob.Local(dir), dir, files, "teacher")
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	for i := range files {
		want := target(byte(i), i>>8, 0)
		var got Target
		if err := x.Find(want.Key, &got); err != nil || got.Key != want.Key || !slices.Equal(got.Logits, want.Logits) {
			t.Fatalf("%s: got %+v, %v", want.Key, got, err)
		}
	}
	open := 0
	for _, f := range x.files {
		if f != nil {
			open++
		}
	}
	if open != mostOpen {
		t.Errorf("%d files stay open", open)
	}
}

func TestIndexErrors(t *testing.T) {
	dir := t.TempDir()
	good := write(t, dir, "good", target(1, 0, 0))
	write(t, dir, "damaged", target(2, 0, 0))
	if err := os.Truncate(filepath.Join(dir, "damaged"), 30); err != nil {
		t.Fatal(err)
	}
	for want, c := range map[string]struct {
		files   []artifact.File
		teacher string
	}{
		"has two targets":   {[]artifact.File{good, write(t, dir, "twice", target(1, 0, 0))}, "teacher"},
		"is by teacher":     {[]artifact.File{good}, "another"},
		"damaged: record 0": {[]artifact.File{{Name: "damaged"}}, "teacher"},
	} {
		if _, err := openIndex(blob.Local(dir), dir, c.files, c.teacher); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q in: %v", want, err)
		}
	}
}

// made is the artifact that files make.
func made(t *testing.T, dir string, files ...artifact.File) pipelines.Artifact[pipelines.Targets] {
	t.Helper()
	if err := artifact.Commit(blob.Local(dir), &artifact.Manifest{Schema: artifact.Schema, Kind: "targets", Stage: "label", Files: files}); err != nil {
		t.Fatal(err)
	}
	a, err := pipelines.LoadArtifact[pipelines.Targets](dir)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestAll reads every file in order, and says where a record is none.
func TestAll(t *testing.T) {
	dir := t.TempDir()
	files := []artifact.File{
		write(t, dir, "targets-00000-of-00002.tfrecord", target(1, 0, 0), target(2, 0, 0)),
		write(t, dir, "targets-00001-of-00002.tfrecord", target(3, 1, 0)),
	}
	a := made(t, dir, files...)
	var ids []byte
	for got, err := range All(a) {
		if err != nil {
			t.Fatal(err)
		}
		want := target(got.ID[0], got.Pass, 0)
		if got.Key != want.Key || got.Teacher != want.Teacher || !slices.Equal(got.Logits, want.Logits) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		ids = append(ids, got.ID[0])
	}
	if !slices.Equal(ids, []byte{1, 2, 3}) {
		t.Errorf("got targets of %v", ids)
	}
	for range All(a) {
		break // a reader that stops early
	}
	w, err := tfrecord.Create(filepath.Join(dir, "targets-00000-of-00001.tfrecord"), tfrecord.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write([]byte("no example")), w.Commit()); err != nil {
		t.Fatal(err)
	}
	for _, err := range All(made(t, dir, artifact.File{Name: "targets-00000-of-00001.tfrecord"})) {
		if err == nil || !strings.Contains(err.Error(), "targets-00000-of-00001.tfrecord: record 0: ") {
			t.Errorf("got %v", err)
		}
	}
}
