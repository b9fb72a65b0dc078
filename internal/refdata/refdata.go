// Package refdata finds and reads the numbers computed with the reference
// implementation that tests compare against.
package refdata

import (
	"archive/zip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Dir returns the folder of reference vectors for one part ("augment",
// "losses", …): $RETORT_REFERENCE/part where that is set, and nothing else then;
// otherwise that of the full set beside the checkout, otherwise
// testdata/reference/part of the package under test. It skips the test, saying
// so, where the part is not there, and fails it where $RETORT_REFERENCE is no
// folder that can be read.
func Dir(t testing.TB, part string) string {
	t.Helper()
	roots := []string{filepath.Join(moduleRoot(), "..", "shared", "reference"), filepath.Join("testdata", "reference")}
	if env := os.Getenv("RETORT_REFERENCE"); env != "" {
		roots = []string{named(t, env)}
	}
	for _, root := range roots {
		entries, err := os.ReadDir(filepath.Join(root, part))
		if err == nil && len(entries) > 0 {
			return filepath.Join(root, part)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("cannot read the reference vectors: %v", err)
		}
	}
	t.Skipf("no reference vectors for %q: looked in %s (set RETORT_REFERENCE)", part, strings.Join(roots, ", "))
	return ""
}

// named is the folder that RETORT_REFERENCE names. Tests run in the folder of
// their package, so a relative path is taken from the top of the module, where
// it was most likely typed.
func named(t testing.TB, env string) string {
	t.Helper()
	root := env
	if !filepath.IsAbs(root) {
		root = filepath.Join(moduleRoot(), root)
	}
	if _, err := os.ReadDir(root); err != nil {
		t.Fatalf("RETORT_REFERENCE=%s is no folder of reference vectors: %v (give the folder that holds augment, losses, …)", env, err)
	}
	return root
}

func moduleRoot() string {
	dir, err := os.Getwd()
	for err == nil && dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	return ""
}

// present skips the test, saying so, where the set lacks the file at path: a set
// may hold a part of the whole.
func present(t testing.TB, path string) {
	t.Helper()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the reference set has no %s", path)
	}
}

// JSON decodes the file at path into v. It skips the test where there is no such
// file.
func JSON(t testing.TB, path string, v any) {
	t.Helper()
	present(t, path)
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if err != nil {
		t.Fatalf("reading reference %s: %v", path, err)
	}
}

// Array is one float32 array of an .npz file, in C order.
type Array struct {
	Shape []int
	Data  []float32
}

// NPZ reads every float32 array of the file at path, by key. It skips the test
// where there is no such file.
func NPZ(t testing.TB, path string) map[string]Array {
	t.Helper()
	present(t, path)
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatalf("reading reference %s: %v", path, err)
	}
	defer z.Close()
	arrays := map[string]Array{}
	for _, f := range z.File {
		a, err := readNPY(f)
		if err != nil {
			t.Fatalf("reading reference %s: %s: %v", path, f.Name, err)
		}
		arrays[strings.TrimSuffix(f.Name, ".npy")] = a
	}
	return arrays
}

var (
	descr = regexp.MustCompile(`'descr': '([^']+)'`)
	order = regexp.MustCompile(`'fortran_order': True`)
	shape = regexp.MustCompile(`'shape': \(([^)]*)\)`)
)

func readNPY(f *zip.File) (Array, error) {
	r, err := f.Open()
	if err != nil {
		return Array{}, err
	}
	defer r.Close()
	raw, err := io.ReadAll(r)
	if err != nil {
		return Array{}, err
	}
	if len(raw) < 12 || string(raw[:6]) != "\x93NUMPY" {
		return Array{}, fmt.Errorf("no .npy header")
	}
	start, length := 10, int(binary.LittleEndian.Uint16(raw[8:]))
	if raw[6] > 1 {
		start, length = 12, int(binary.LittleEndian.Uint32(raw[8:]))
	}
	header, body := string(raw[start:start+length]), raw[start+length:]
	if m := descr.FindStringSubmatch(header); m == nil || m[1] != "<f4" || order.MatchString(header) {
		return Array{}, fmt.Errorf("want little-endian float32 in C order, header says %s", header)
	}
	return decode(shape.FindStringSubmatch(header)[1], body)
}

func decode(dims string, body []byte) (Array, error) {
	a := Array{}
	n := 1
	for _, d := range strings.Split(dims, ",") {
		if d = strings.TrimSpace(d); d == "" {
			continue
		}
		k, err := strconv.Atoi(d)
		if err != nil {
			return a, err
		}
		a.Shape, n = append(a.Shape, k), n*k
	}
	if len(body) < 4*n {
		return a, fmt.Errorf("%d bytes for %d floats", len(body), n)
	}
	a.Data = make([]float32, n)
	for i := range a.Data {
		a.Data[i] = math.Float32frombits(binary.LittleEndian.Uint32(body[4*i:]))
	}
	return a, nil
}

// u24 is the generator of the reference set's deterministic tensors
// (splitmix64 over (seed << 32) + i, top 24 bits).
func u24(seed, i uint64) uint64 {
	z := seed<<32 + i + 0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return (z ^ z>>31) >> 40
}

// V returns n values of the reference set's "vgen" for a seed, in [-1, 1).
func V(seed uint64, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(float64(u24(seed, uint64(i)))*(2.0/(1<<24)) - 1)
	}
	return v
}

// Gen returns n values of the reference set's "gen": base*sign + v*scale,
// rounded to float32; sign is 1, or with a sign seed +1 for three in four.
func Gen(seed uint64, base, scale float64, signSeed *uint64, n int) []float32 {
	w := make([]float32, n)
	for i := range w {
		sign := 1.0
		if signSeed != nil && u24(*signSeed, uint64(i)) < 4194304 {
			sign = -1
		}
		v := float64(u24(seed, uint64(i)))*(2.0/(1<<24)) - 1
		w[i] = float32(base*sign + v*scale)
	}
	return w
}
