package tensorbundle

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"slices"
	"testing"

	"github.com/retort-ml/retort/internal/refdata"
)

type referenceTensor struct {
	Name, Key, DType string
	Shape            []int
	SHA256           string   `json:"sha256_le_bytes"`
	FullName         string   `json:"full_name"`
	Raw              string   `json:"sha256"` // of the only string
	First            []any    `json:"first"`
	Values           []string `json:"values"`
}

// TestReferenceBundles reads checkpoints that the reference implementation saved:
// every tensor's bytes, exactly.
func TestReferenceBundles(t *testing.T) {
	dir := refdata.Dir(t, "checkpoint")
	for list, at := range map[string]string{"tf1": "tf1", "tf1_sharded": "tf1_sharded", "tf2": "tf2", "tf2_saved_model": "tf2/saved_model/195"} {
		t.Run(list, func(t *testing.T) {
			var want struct{ Tensors []referenceTensor }
			refdata.JSON(t, filepath.Join(dir, list+".json"), &want)
			b := open(t, filepath.Join(dir, filepath.FromSlash(at)))
			checkTensors(t, b, want.Tensors)
			if len(b.Names()) != len(want.Tensors) {
				t.Errorf("%d tensors, want %d", len(b.Names()), len(want.Tensors))
			}
			vars, err := b.Variables()
			if err != nil {
				t.Fatal(err)
			}
			keys := map[string]string{}
			for _, v := range vars {
				keys[v.Key] = v.Name
			}
			for _, w := range want.Tensors {
				if w.FullName != "" && w.FullName != keys[w.Key] {
					t.Errorf("%s is named %q, want %q", w.Key, keys[w.Key], w.FullName)
				}
			}
		})
	}
}

func checkTensors(t *testing.T, b *Bundle, want []referenceTensor) {
	t.Helper()
	for _, w := range want {
		name := w.Name + w.Key
		e, ok := b.Entry(name)
		if !ok || e.DType.String() != w.DType || !slices.Equal(e.Shape, w.Shape) {
			t.Errorf("%s: %v %s%v, want %s%v", name, ok, e.DType, e.Shape, w.DType, w.Shape)
			continue
		}
		data, sum := []byte(nil), w.SHA256
		var err error
		if e.DType == String {
			if w.Raw == "" {
				continue // strings of the set's other lists are checked by their sums alone
			}
			parts, failed := b.Strings(name)
			if failed != nil {
				t.Errorf("%s: %v", name, failed)
				continue
			}
			data, sum = slices.Concat(parts...), w.Raw
		} else if data, err = b.Bytes(name); err != nil {
			t.Error(err)
			continue
		}
		if got := sha256.Sum256(data); hex.EncodeToString(got[:]) != sum {
			t.Errorf("%s: other bytes", name)
		}
	}
}

// TestReferenceDamage: what TensorFlow refuses we refuse, and where it reads the
// rest of the tensors so do we.
func TestReferenceDamage(t *testing.T) {
	dir := refdata.Dir(t, "checkpoint")
	var list struct {
		Bundles []struct {
			Prefix  string
			Tensors []referenceTensor
		}
		Corrupted []struct {
			Prefix, Open string
			OK           []string          `json:"tensors_ok"`
			Failing      map[string]string `json:"tensors_failing"`
		}
	}
	refdata.JSON(t, filepath.Join(dir, "misc.json"), &list)
	for _, w := range list.Bundles {
		checkTensors(t, open(t, filepath.Join(dir, "misc", w.Prefix)), w.Tensors)
	}
	for _, c := range list.Corrupted {
		b, err := Open(filepath.Join(dir, "misc", c.Prefix))
		if (err == nil) != (c.Open == "ok") {
			t.Errorf("%s: %v, TensorFlow says %s", c.Prefix, err, c.Open)
		}
		if err != nil {
			continue
		}
		read := func(name string) error {
			e, _ := b.Entry(name)
			if e.DType == String {
				_, err := b.Strings(name)
				return err
			}
			_, err := b.Bytes(name)
			return err
		}
		for _, name := range c.OK {
			if err := read(name); err != nil {
				t.Errorf("%s: %s: %v", c.Prefix, name, err)
			}
		}
		for name := range c.Failing {
			if read(name) == nil {
				t.Errorf("%s: %s: no error", c.Prefix, name)
			}
		}
	}
	if len(list.Corrupted) == 0 || len(list.Bundles) == 0 {
		t.Skip("no corrupted bundles among the reference vectors")
	}
}
