package tensorboard

import (
	"image"
	"math"
	"os"
	"testing"

	"github.com/retort-ml/retort/io/blob"
)

func TestScalarsRoundTrip(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(blob.Local(dir))
	if err != nil {
		t.Fatal(err)
	}
	for step := range int64(10) {
		w.Scalar(step, "loss", 1/float64(step+1))
		w.Scalar(step, "accuracy", float64(step))
	}
	w.Scalar(10, "loss", math.NaN())
	w.Histogram(3, "weights", []float32{-1, 0, 0, 2.5, float32(math.NaN())})
	if err := w.Image(3, "views", image.NewRGBA(image.Rect(0, 0, 4, 2))); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	curves, err := Scalars(w.Path())
	if err != nil {
		t.Fatal(err)
	}
	if len(curves) != 2 || len(curves["loss"]) != 11 || len(curves["accuracy"]) != 10 {
		t.Fatal(curves)
	}
	for i, p := range curves["accuracy"] {
		if p.Step != int64(i) || p.Value != float64(i) || p.Time.IsZero() {
			t.Error(i, p)
		}
	}
	if !math.IsNaN(curves["loss"][10].Value) || curves["loss"][2].Value != float64(float32(1.0/3)) {
		t.Error(curves["loss"])
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestResumedRun(t *testing.T) {
	dir := t.TempDir()
	for run, steps := range [][2]int64{{0, 8}, {5, 12}} {
		w, err := Create(blob.Local(dir))
		if err != nil {
			t.Fatal(err)
		}
		for step := steps[0]; step < steps[1]; step++ {
			w.Scalar(step, "loss", float64(run))
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	curves, err := Scalars(dir)
	if err != nil || len(curves["loss"]) != 12 {
		t.Fatal(curves, err)
	}
	for i, p := range curves["loss"] {
		if want := float64(min(i/5, 1)); p.Step != int64(i) || p.Value != want {
			t.Errorf("%d: %+v, want %v", i, p, want)
		}
	}
}

func TestCutEventFile(t *testing.T) {
	w, err := Create(blob.Local(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	w.Scalar(1, "loss", 1)
	w.Scalar(2, "loss", 2)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(w.Path())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.Path(), file[:len(file)-9], 0o644); err != nil {
		t.Fatal(err)
	}
	curves, err := Scalars(w.Path())
	if err != nil || len(curves["loss"]) != 1 {
		t.Fatal(curves, err)
	}
	file[len(file)-9] ^= 4
	if err := os.WriteFile(w.Path(), file, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Scalars(w.Path()); err == nil {
		t.Fatal("a damaged file passes")
	}
}

func FuzzEvent(f *testing.F) {
	f.Add([]byte("\x09\x00\x00\x00\x00\x00\x00\xf0\x3f\x10\x07\x2a\x09\x0a\x07\x0a\x00\x15\x00\x00\x80\x3f"))
	f.Fuzz(func(t *testing.T, event []byte) {
		_ = decodeEvent(event, map[string][]Scalar{})
	})
}
