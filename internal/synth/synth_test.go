package synth

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// files reads a folder, marker left out.
func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == MarkerName {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		all[filepath.ToSlash(name)], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func generate(t *testing.T, o Options) (string, map[string][]byte) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "set")
	if err := Generate(dir, o); err != nil {
		t.Fatal(err)
	}
	return dir, files(t, dir)
}

func TestGenerate(t *testing.T) {
	for _, format := range Formats {
		t.Run(string(format), func(t *testing.T) {
			_, all := generate(t, Options{PerClass: 3, Size: 40, Format: format})
			if len(all) != 30 {
				t.Fatalf("%d files, want 30", len(all))
			}
			for name, data := range all {
				cfg, kind, err := image.DecodeConfig(bytes.NewReader(data))
				if err != nil || kind != string(format) || cfg.Width != 40 || cfg.Height != 40 {
					t.Errorf("%s: %v %v %v", name, cfg, kind, err)
				}
			}
		})
	}
}

func TestSameOptionsGiveSameBytes(t *testing.T) {
	o := Options{PerClass: 4, Seed: 7}
	_, a := generate(t, o)
	_, b := generate(t, o)
	if !maps.EqualFunc(a, b, bytes.Equal) {
		t.Error("the same options gave other bytes")
	}
	o.PerClass = 2
	_, fewer := generate(t, o)
	for name, data := range fewer {
		if !bytes.Equal(data, a[name]) {
			t.Errorf("%s differs in the smaller set", name)
		}
	}
	o.Seed = 8
	_, other := generate(t, o)
	for name, data := range other {
		if bytes.Equal(data, a[name]) {
			t.Errorf("%s is the same for another seed", name)
		}
	}
}

func TestTarHoldsWhatTheFoldersHold(t *testing.T) {
	o := Options{PerClass: 60, Test: 2, Classes: 12, Size: 16}
	_, folders := generate(t, o)
	o.Tar = true
	_, tars := generate(t, o)
	got := map[string][]byte{}
	for name, data := range tars {
		r := tar.NewReader(bytes.NewReader(data))
		for {
			h, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			got[strings.TrimSuffix(name, ".tar")+"/"+h.Name] = body
		}
	}
	if !maps.EqualFunc(folders, got, bytes.Equal) {
		t.Errorf("tar and folders differ: %d and %d files", len(got), len(folders))
	}
}

func TestSplitsShareNoImage(t *testing.T) {
	_, all := generate(t, Options{PerClass: 20, Test: 20, Format: PNG})
	seen := map[string]string{}
	for name, data := range all {
		if other, twice := seen[string(data)]; twice {
			t.Errorf("%s and %s are the same", name, other)
		}
		seen[string(data)] = name
	}
}

func TestKeepsReplacesAndRefuses(t *testing.T) {
	dir, before := generate(t, Options{PerClass: 2})
	stat := func() fs.FileInfo { info, _ := os.Stat(filepath.Join(dir, MarkerName)); return info }
	old := stat()
	if err := Generate(dir, Options{PerClass: 2}); err != nil || !os.SameFile(old, stat()) {
		t.Errorf("a finished set was not kept: %v", err)
	}
	if err := Generate(dir, Options{PerClass: 3}); err != nil {
		t.Fatal(err)
	}
	after := files(t, dir)
	if len(after) != 30 || !bytes.Equal(after["rings/00000.jpg"], before["rings/00000.jpg"]) {
		t.Errorf("%d files after the set was replaced, want 30", len(after))
	}
	if err := os.WriteFile(filepath.Join(dir, "mine.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	wantError(t, Generate(dir, Options{PerClass: 4}), `holds "mine.txt"`)
	if left := files(t, dir); len(left) != 31 {
		t.Errorf("%d files after a refusal, want 31", len(left))
	}
	if found, _ := filepath.Glob(filepath.Join(filepath.Dir(dir), ".tmp-*")); len(found) > 0 {
		t.Errorf("left behind: %v", found)
	}
}

func TestRefusesOthersFolders(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "photo.jpg")
	if err := os.WriteFile(file, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	wantError(t, Generate(dir, Options{}), `not empty`)
	wantError(t, Generate(file, Options{}), `not a folder`)
	wantError(t, Generate(filepath.Join(file, "sub"), Options{}), `not a folder`)
}

func TestEmptyFolderIsFilled(t *testing.T) {
	dir := t.TempDir()
	if err := Generate(dir, Options{Classes: 2, PerClass: 1}); err != nil {
		t.Fatal(err)
	}
	if n := len(files(t, dir)); n != 2 {
		t.Errorf("%d files, want 2", n)
	}
}

func TestOptionErrors(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "set")
	for want, o := range map[string]Options{
		"classes = 1; want 2 to":                                {Classes: 1},
		fmt.Sprintf("classes = 9999; want 2 to %d", MaxClasses): {Classes: 9999},
		"images per class = -1; want 1 to":                      {PerClass: -1},
		"test images per class = -2; want 0 to":                 {Test: -2},
		"size = 8; want 16 to 1024":                             {Size: 8},
		`format = "jpg"; want jpeg or png; did you mean "jpeg"`: {Format: "jpg"},
	} {
		wantError(t, Generate(dir, o), want)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a refused set left a folder behind")
	}
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want one with %q", err, want)
	}
}

func TestClassesAreDistinctAndDrawn(t *testing.T) {
	names := ClassNames(MaxClasses)
	slices.Sort(names)
	if len(slices.Compact(names)) != MaxClasses {
		t.Error("two classes of one name")
	}
	const n = 48
	for _, c := range classes {
		inside := 0
		for y := range n {
			for x := range n {
				d := c.paint(2.6*(float64(x)+0.5)/n-1.3, 2.6*(float64(y)+0.5)/n-1.3)
				if math.IsNaN(d) || math.IsInf(d, 0) {
					t.Fatalf("%s: distance %v", c.name(), d)
				}
				if d < 0 {
					inside++
				}
			}
		}
		if share := float64(inside) / (n * n); share < 0.05 || share > 0.6 {
			t.Errorf("%s paints %.0f %% of its square", c.name(), 100*share)
		}
	}
}

// Colour must not tell the class: the mean colours of the classes differ by no
// more than chance makes them.
func TestColourCarriesNoClass(t *testing.T) {
	const n = 150
	o := Options{Size: 16}.WithDefaults()
	for channel := range 3 {
		var means []float64
		var spread float64
		for c := range o.Classes {
			var sum, squares float64
			for i := range n {
				m := meanChannel(Image(o, "", c, i), channel)
				sum += m
				squares += m * m
			}
			means = append(means, sum/n)
			spread += squares/n - sum/n*sum/n
		}
		sd := math.Sqrt(spread / float64(o.Classes) / n) // of a class mean
		if gap := slices.Max(means) - slices.Min(means); gap > 6*sd {
			t.Errorf("channel %d: class means differ by %.2f, %.1f standard errors", channel, gap, gap/sd)
		}
	}
}

func meanChannel(img *image.NRGBA, channel int) float64 {
	sum := 0.0
	for i := channel; i < len(img.Pix); i += 4 {
		sum += float64(img.Pix[i])
	}
	return sum * 4 / float64(len(img.Pix))
}

func BenchmarkImage(b *testing.B) {
	o := Options{}.WithDefaults()
	for i := 0; b.Loop(); i++ {
		if _, err := encoded(o, split{}, i%o.Classes, i); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
}
