package checkpoint

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/retort-ml/retort/io/blob"
)

func sample() *Checkpoint {
	return &Checkpoint{
		State: State{Spec: json.RawMessage(`{"task":"contrast"}`), Step: 12, Seed: math.MaxUint64, Cursor: json.RawMessage(`{"epoch":3}`),
			Classes: []string{"cat", "Hund", "鳥"}, Metrics: map[string]float64{"top1": 0.5}, Fingerprints: map[string]string{"data": "ab"},
			Meta: map[string]string{"note": "x"}},
		Weights: []Tensor{{"base_model/conv2d/kernel", []int{1, 2, 3}, []float32{1, -2, 3, 0, float32(math.Inf(1)), math.SmallestNonzeroFloat32}},
			{"scalar", nil, []float32{7}}},
		Optimizer: []Tensor{{"base_model/conv2d/kernel/Momentum", []int{6}, []float32{6, 5, 4, 3, 2, 1}}},
	}
}

func encode(t testing.TB, c *Checkpoint) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := c.Encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// same compares values by their bits and everything else deeply.
func same(a, b *Checkpoint) bool {
	if !reflect.DeepEqual(a.State, b.State) || len(a.tensors()) != len(b.tensors()) {
		return false
	}
	for i, x := range a.tensors() {
		y := b.tensors()[i]
		if x.Name != y.Name || len(x.Shape) != len(y.Shape) || len(x.Data) != len(y.Data) {
			return false
		}
		for k := range x.Shape {
			if x.Shape[k] != y.Shape[k] {
				return false
			}
		}
		for k := range x.Data {
			if math.Float32bits(x.Data[k]) != math.Float32bits(y.Data[k]) {
				return false
			}
		}
	}
	return true
}

func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.safetensors")
	if err := sample().Save(path); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if !same(c, sample()) {
		t.Fatalf("got %+v", c)
	}
	if !bytes.Equal(encode(t, c), encode(t, sample())) {
		t.Error("equal checkpoints give different bytes")
	}
	a, _ := c.Fingerprint()
	c.Weights[0].Data[0]++
	if b, _ := c.Fingerprint(); a == b {
		t.Error("the fingerprint does not see a changed weight")
	}
	if _, err := Load(path + "x"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

// TestEveryCut: a file that ends early, wherever, is an error.
func TestEveryCut(t *testing.T) {
	whole := encode(t, sample())
	for n := range whole {
		var format *FormatError
		if _, err := Decode(whole[:n]); !errors.As(err, &format) {
			t.Fatalf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
}

// TestEveryFlip: no changed bit goes unseen. (Changes of the header that mean
// the same, as a space for a space, do not exist among single bits.)
func TestEveryFlip(t *testing.T) {
	whole := encode(t, sample())
	for i := range whole {
		for bit := range 8 {
			broken := bytes.Clone(whole)
			broken[i] ^= 1 << bit
			c, err := Decode(broken)
			if err == nil && !same(c, sample()) {
				t.Fatalf("bit %d of byte %d: %+v", bit, i, c)
			}
		}
	}
}

func TestErrorsNameTensorAndCause(t *testing.T) {
	whole := encode(t, sample())
	n := binary.LittleEndian.Uint64(whole)
	header := string(whole[8 : 8+n])
	with := func(old, new string) []byte {
		h := strings.Replace(header, old, new, 1)
		if h == header {
			t.Fatalf("no %q in %s", old, header)
		}
		out := binary.LittleEndian.AppendUint64(nil, uint64(len(h)))
		return append(append(out, h...), whole[8+n:]...)
	}
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-1] ^= 1
	for _, c := range []struct {
		data []byte
		want string
	}{
		{flipped, `tensor "optimizer/base_model/conv2d/kernel/Momentum": data checksum differs`},
		{with(`"F32"`, `"F64"`), `tensor "base_model/conv2d/kernel": its type is "F64"`},
		{with(`[1,2,3]`, `[1,2,4]`), "its shape [1 2 4] does not fit"},
		{with(`[1,2,3]`, `[1099511627776,1099511627776,3]`), "does not fit"},
		{with(`[0,24]`, `[8,24]`), "said to be at [8, 24), not at 0"},
		{with(`retort-checkpoint/1`, `retort-checkpoint/9`), `format is "retort-checkpoint/9"`},
		{with(`retort-checkpoint/1`, `pt`), "no checkpoint of this program"},
		{append(bytes.Clone(whole), 0), "1 bytes follow the last tensor"},
		{binary.LittleEndian.AppendUint64(nil, math.MaxUint64), "no safetensors file has more"},
		{nil, "too few"},
	} {
		path := filepath.Join(t.TempDir(), "broken.safetensors")
		if err := os.WriteFile(path, c.data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("want %q and the path in: %v", c.want, err)
		}
	}
}

func TestRefusesWhatCannotBeRead(t *testing.T) {
	for _, tensors := range [][]Tensor{
		{{"a", []int{2}, []float32{1}}}, {{"a", []int{1}, []float32{1}}, {"a", []int{1}, []float32{1}}},
		{{"", []int{1}, []float32{1}}}, {{"__metadata__", []int{1}, []float32{1}}}, {{"a", []int{0}, nil}},
	} {
		if err := (&Checkpoint{State: State{Spec: []byte("{}")}, Weights: tensors}).Encode(&bytes.Buffer{}); err == nil {
			t.Errorf("%v was written", tensors)
		}
	}
}

func FuzzDecode(f *testing.F) {
	whole := encode(f, sample())
	f.Add(whole)
	f.Add(whole[:40])
	f.Add([]byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"))
	f.Add(encode(f, &Checkpoint{State: State{Spec: json.RawMessage("null")}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Decode(data)
		if err != nil {
			return
		}
		again, err := Decode(encode(t, c))
		if err != nil || !same(again, c) {
			t.Fatalf("what was read cannot be written and read again: %v", err)
		}
	})
}

func TestFolderKeepsLastAndBest(t *testing.T) {
	f := Folder{Dir: blob.Local(filepath.Join(t.TempDir(), "checkpoints")), Keep: 2, Metric: "top1"}
	if c, _, err := f.Latest(); c != nil || err != nil {
		t.Fatal(c, err)
	}
	for step, top1 := range []float64{0.1, 0.7, 0.3, 0.2} {
		c := sample()
		c.Step, c.Metrics = step, map[string]float64{"top1": top1}
		if err := f.Save(c); err != nil {
			t.Fatal(err)
		}
	}
	steps, err := f.Steps()
	if err != nil || len(steps) != 2 || steps[0] != 2 {
		t.Fatal(steps, err)
	}
	if best, err := f.Best(); err != nil || best.Step != 1 {
		t.Fatal(best, err)
	}
	if err := os.Truncate(f.Dir.At(stepFile(3)), 100); err != nil {
		t.Fatal(err)
	}
	c, damaged, err := f.Latest()
	if err != nil || c.Step != 2 || len(damaged) != 1 || !strings.Contains(damaged[0].Error(), f.Dir.At(stepFile(3))) {
		t.Fatal(c, damaged, err)
	}
}

// TestPeek: the header alone says what the whole file says, also where the data
// are cut off, and is refused where it is no header.
func TestPeek(t *testing.T) {
	c := sample()
	path := filepath.Join(t.TempDir(), "c.safetensors")
	if err := c.Save(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	header := 8 + int(binary.LittleEndian.Uint64(data))
	for n := range data {
		if err := os.WriteFile(path, data[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		h, err := Peek(path)
		if n < header {
			if !errors.As(err, new(*FormatError)) || !strings.Contains(err.Error(), path) {
				t.Fatalf("cut at %d: %v", n, err)
			}
			continue
		}
		want, _ := c.Fingerprint()
		w := c.Weights[0]
		if err != nil || h.SHA256 != want || h.Step != c.Step || !h.Has(w.Name, w.Shape...) || h.Has(w.Name, 1, 2, 3, 4, 5) || h.Has("none") {
			t.Fatalf("cut at %d: %+v, %v", n, h, err)
		}
	}
}
