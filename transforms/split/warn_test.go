package split_test

import (
	"bytes"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/retort-ml/retort/internal/stagetest"
	"github.com/retort-ml/retort/internal/synth"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
	"github.com/retort-ml/retort/transforms/ingest"
	"github.com/retort-ml/retort/transforms/split"
)

// notes are those that split leaves for images and a test set.
func notes(t *testing.T, images, tests string, s *split.ByLabel) string {
	t.Helper()
	g := pipelines.New("t", pipelines.Root(t.TempDir()))
	all := pipelines.Add(g, "ingest", &ingest.Images{Source: []string{images}, Labels: "folder"})
	if tests != "" {
		s.Test = pipelines.Add(g, "ingest-test", &ingest.Images{Source: []string{tests}, Labels: "folder"})
	}
	split.Add(g, "split", s, all)
	results, err := runners.Run(t.Context(), g, runners.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(results[len(results)-1].Manifest.Notes, "\n")
}

func shapes(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shapes")
	if err := synth.Generate(dir, synth.Options{Classes: 3, PerClass: 20, Test: 10, Size: 48}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestATestSetThatSharesPictures: a picture that was encoded anew has another id,
// but is the same picture.
func TestATestSetThatSharesPictures(t *testing.T) {
	dir := shapes(t)
	train, tests := filepath.Join(dir, "train"), filepath.Join(dir, "test")
	if got := notes(t, train, tests, &split.ByLabel{Seed: 1}); strings.Contains(got, "warning") {
		t.Errorf("sets that share nothing: %s", got)
	}
	found, err := filepath.Glob(filepath.Join(train, "*", "0000[0-3].jpg"))
	if err != nil || len(found) != 12 {
		t.Fatalf("%d images, %v", len(found), err)
	}
	for _, path := range found {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		img, err := jpeg.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		var again bytes.Buffer
		if err := jpeg.Encode(&again, img, &jpeg.Options{Quality: 70}); err != nil {
			t.Fatal(err)
		}
		stagetest.Write(t, filepath.Join(tests, filepath.Base(filepath.Dir(path)), "again-"+filepath.Base(path)), again.Bytes())
	}
	got := notes(t, train, tests, &split.ByLabel{Seed: 1})
	if !strings.Contains(got, "warning: the test set shares pictures with the training images: 12 of 42 looked at") {
		t.Errorf("got %s", got)
	}
}

func TestNearlyAllLabelsOfOneClass(t *testing.T) {
	dir := filepath.Join(shapes(t), "train")
	for _, path := range []string{"rings", "stars"} {
		images, err := os.ReadDir(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		for _, image := range images[1:] {
			if err := os.Remove(filepath.Join(dir, path, image.Name())); err != nil {
				t.Fatal(err)
			}
		}
	}
	got := notes(t, dir, "", &split.ByLabel{TestFraction: 0.2, Seed: 1})
	for _, want := range []string{`warning: 90 % of the labels are of one class, "crosses" (20 of 22)`, "warning: classes of one image: rings, stars;"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
}
