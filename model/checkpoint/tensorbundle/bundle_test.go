package tensorbundle

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/storage"
	"github.com/syndtr/goleveldb/leveldb/table"
)

// The bundles in testdata were written by TensorFlow 2.21 (make.py there).

func open(t testing.TB, path string) *Bundle {
	t.Helper()
	b, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// ramp is -2 … 3, the content of most tensors of "types".
func ramp(put func(b []byte, v int) []byte) (b []byte) {
	for v := -2; v < 4; v++ {
		b = put(b, v)
	}
	return b
}

func TestEveryType(t *testing.T) {
	b := open(t, "testdata/types")
	le := binary.LittleEndian
	for name, want := range map[string][]byte{
		"i8":    ramp(func(b []byte, v int) []byte { return append(b, byte(v)) }),
		"i16":   ramp(func(b []byte, v int) []byte { return le.AppendUint16(b, uint16(v)) }),
		"i32":   ramp(func(b []byte, v int) []byte { return le.AppendUint32(b, uint32(v)) }),
		"i64":   ramp(func(b []byte, v int) []byte { return le.AppendUint64(b, uint64(v)) }),
		"u8":    {0, 1, 2, 3, 4, 5},
		"u16":   {0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0},
		"bool":  {1, 0, 1},
		"empty": {},
	} {
		if got, err := b.Bytes(name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, want)
		}
	}
	for _, name := range []string{"f16", "bf16", "f32", "f64"} {
		if got, err := b.Floats(name); err != nil || !slices.Equal(got, []float32{-2, -1, 0, 1, 2, 3}) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		if e, _ := b.Entry(name); !slices.Equal(e.Shape, []int{2, 3}) {
			t.Errorf("%s: shape %v", name, e.Shape)
		}
	}
	if got, err := b.Floats("ключ"); err != nil || !slices.Equal(got, []float32{1, 2}) {
		t.Errorf("a key that is not ASCII: %v, %v", got, err)
	}
	if got, err := b.Int("step"); err != nil || got != 1<<40 {
		t.Errorf("step = %d, %v", got, err)
	}
	if got, err := b.Strings("s/some"); err != nil || fmt.Sprintf("%q", got) != fmt.Sprintf("%q", []string{"", "a\x00b", "größe", strings.Repeat("x", 300)}) {
		t.Errorf("strings: %q, %v", got, err)
	}
	for _, read := range []func() error{
		func() error { _, err := b.Floats("i32"); return err },
		func() error { _, err := b.Bytes("s/one"); return err },
		func() error { _, err := b.Strings("f32"); return err },
		func() error { _, err := b.Int("f32"); return err },
	} {
		if err := read(); !errors.As(err, new(*VersionError)) {
			t.Errorf("what is of another type: %v", err)
		}
	}
	if _, err := b.Floats("none"); err == nil || !strings.Contains(err.Error(), `tensor "none": the checkpoint has no such tensor`) {
		t.Errorf("no such tensor: %v", err)
	}
}

func TestSlicesComeBackWhole(t *testing.T) {
	b := open(t, "testdata/sharded")
	if want := []string{"columns", "rows", "whole"}; !slices.Equal(b.Names(), want) {
		t.Errorf("names %q, want %q", b.Names(), want)
	}
	rows, err := b.Floats("rows")
	if err != nil || len(rows) != 60 {
		t.Fatal(len(rows), err)
	}
	for i, v := range rows {
		if v != float32(i) {
			t.Fatalf("rows[%d] = %v", i, v)
		}
	}
	columns, err := b.Bytes("columns")
	if err != nil || len(columns) != 4*4*130 {
		t.Fatal(len(columns), err)
	}
	for i := range 4 * 130 {
		if v := binary.LittleEndian.Uint32(columns[4*i:]); v != uint32(i) {
			t.Fatalf("columns[%d] = %v", i, v)
		}
	}
}

func TestObjectGraph(t *testing.T) {
	vars, err := open(t, "testdata/objects").Variables()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, v := range vars {
		names[v.Name] = v.Key
	}
	if len(vars) != 3 || names["iter"] != "step/.ATTRIBUTES/VARIABLE_VALUE" || names["dense/bias"] != "model/bias/.ATTRIBUTES/VARIABLE_VALUE" || names["dense/kernel"] == "" {
		t.Errorf("variables %v", vars)
	}
	if vars, err := open(t, "testdata/types").Variables(); vars != nil || err != nil {
		t.Errorf("a checkpoint without a graph: %v, %v", vars, err)
	}
}

// TestManyBlocks reads an index of many blocks, as it is and with snappy.
func TestManyBlocks(t *testing.T) {
	dir := copyOf(t, "many")
	check := func() {
		b := open(t, dir)
		if len(b.Names()) != 600 {
			t.Fatalf("%d names", len(b.Names()))
		}
		for i, name := range b.Names() {
			if v, err := b.Floats(name); err != nil || name != fmt.Sprintf("layer_%04d/kernel", i) || v[0] != float32(i) {
				t.Fatalf("%s: %v, %v", name, v, err)
			}
		}
	}
	check()
	path := filepath.Join(dir, "many.index")
	before, _ := os.Stat(path)
	compressed(t, path)
	if after, _ := os.Stat(path); after.Size() >= before.Size() {
		t.Fatalf("nothing was compressed: %d and %d bytes", before.Size(), after.Size())
	}
	check()
}

// compressed writes an index again, with snappy.
func compressed(t *testing.T, path string) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := table.NewReader(bytes.NewReader(data), int64(len(data)), storage.FileDesc{Type: storage.TypeTable}, nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := table.NewWriter(&out, &opt.Options{Compression: opt.SnappyCompression})
	for it := r.NewIterator(nil, nil); it.Next(); {
		if err := w.Append(it.Key(), it.Value()); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), os.WriteFile(path, out.Bytes(), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func TestFind(t *testing.T) {
	dir := copyOf(t, "types")
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	want := filepath.Join(dir, "types")
	for _, path := range []string{dir, want, want + ".index"} {
		if got, err := Find(path); got != want || err != nil {
			t.Errorf("Find(%s) = %s, %v", path, got, err)
		}
	}
	write("zzz.index", "")
	if _, err := Find(dir); err == nil || !strings.Contains(err.Error(), "2 checkpoints") {
		t.Errorf("two checkpoints: %v", err)
	}
	write("checkpoint", "model_checkpoint_path: \"/elsewhere/types\"\n")
	if got, err := Find(dir); got != want || err != nil {
		t.Errorf("with a file checkpoint: %s, %v", got, err)
	}
	saved := filepath.Dir(filepath.Dir(write("saved/variables/variables.index", "")))
	if got, err := Find(saved); got != filepath.Join(saved, "variables", "variables") || err != nil {
		t.Errorf("a SavedModel: %s, %v", got, err)
	}
	for _, path := range []string{filepath.Join(dir, "none"), t.TempDir()} {
		if _, err := Find(path); err == nil || !strings.Contains(err.Error(), "no TensorFlow checkpoint") {
			t.Errorf("nothing there: %v", err)
		}
	}
}

// copyOf copies the bundles of testdata whose names begin so into a folder.
func copyOf(t testing.TB, name string) string {
	t.Helper()
	dir := t.TempDir()
	found, err := filepath.Glob("testdata/" + name + ".*")
	if err != nil || len(found) == 0 {
		t.Fatal("no such bundle", err)
	}
	for _, from := range found {
		data, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, filepath.Base(from)), data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// readAll reads all that a bundle holds: the bytes of each tensor, or the first
// error.
func readAll(prefix string) (map[string][]byte, error) {
	b, err := Open(prefix)
	if err != nil {
		return nil, err
	}
	all := map[string][]byte{}
	for _, name := range b.Names() {
		e, _ := b.Entry(name)
		if e.DType == String {
			var parts [][]byte
			parts, err = b.Strings(name)
			all[name] = bytes.Join(parts, []byte("|"))
		} else {
			all[name], err = b.Bytes(name)
		}
		if err != nil {
			return nil, err
		}
	}
	_, err = b.Variables()
	return all, err
}

// TestEveryDamageIsSeen turns over each bit, and cuts at each byte, of the files
// of small bundles: what is read is what was written, or there is an error with
// the file's name.
func TestEveryDamageIsSeen(t *testing.T) {
	for _, name := range []string{"types", "sharded", "objects"} {
		dir := copyOf(t, name)
		prefix := filepath.Join(dir, name)
		want, err := readAll(prefix)
		if err != nil {
			t.Fatal(err)
		}
		files, _ := os.ReadDir(dir)
		for _, f := range files {
			path := filepath.Join(dir, f.Name())
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			try := func(what string, damaged []byte) {
				if err := os.WriteFile(path, damaged, 0o644); err != nil {
					t.Fatal(err)
				}
				got, err := readAll(prefix)
				if err == nil && !same(got, want) {
					t.Errorf("%s, %s: other content came without an error", f.Name(), what)
				}
				if err != nil && !strings.Contains(err.Error(), f.Name()) && !errors.As(err, new(*FormatError)) {
					t.Errorf("%s, %s: %v does not say which file", f.Name(), what, err)
				}
				if err == nil && strings.Contains(f.Name(), ".data-") {
					t.Errorf("%s, %s: not seen", f.Name(), what)
				}
			}
			for at := range data {
				damaged := slices.Clone(data)
				damaged[at] ^= 1 << (at % 8)
				try(fmt.Sprintf("bit %d of byte %d turned over", at%8, at), damaged)
				try(fmt.Sprintf("cut at %d", at), data[:at])
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if _, err := readAll(prefix); err == nil || !strings.Contains(err.Error(), f.Name()) || !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s missing: %v", f.Name(), err)
			}
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func same(a, b map[string][]byte) bool {
	for name, data := range a {
		if !bytes.Equal(data, b[name]) {
			return false
		}
	}
	return len(a) == len(b)
}

// FuzzEntry gives the parsers of messages, slices and strings what no sum vouches
// for: a table whose sums are right around any header and entry.
func FuzzEntry(f *testing.F) {
	b, err := Open("testdata/sharded")
	if err != nil {
		f.Fatal(err)
	}
	data, err := os.ReadFile(b.indexPath())
	if err != nil {
		f.Fatal(err)
	}
	r, err := table.NewReader(bytes.NewReader(data), int64(len(data)), storage.FileDesc{Type: storage.TypeTable}, nil, nil, nil)
	if err != nil {
		f.Fatal(err)
	}
	var header []byte
	for it := r.NewIterator(nil, nil); it.Next(); {
		if header == nil {
			header = slices.Clone(it.Value())
		}
		f.Add(header, it.Key(), it.Value(), []byte("0123456789abcdef"))
	}
	f.Fuzz(func(t *testing.T, header, key, entry, content []byte) {
		dir := t.TempDir()
		prefix := filepath.Join(dir, "x")
		var out bytes.Buffer
		w := table.NewWriter(&out, nil)
		err := w.Append(nil, header)
		if len(key) > 0 && err == nil {
			err = w.Append(key, entry)
		}
		if err := errors.Join(err, w.Close(), os.WriteFile(prefix+".index", out.Bytes(), 0o644),
			os.WriteFile(prefix+".data-00000-of-00001", content, 0o644)); err != nil {
			t.Fatal(err)
		}
		if b, err := Open(prefix); err == nil {
			for _, name := range b.Names() {
				_, _ = b.Floats(name)
				_, _ = b.Strings(name)
			}
			_, _ = b.Variables()
		}
	})
}

// FuzzIndex gives the index any bytes.
func FuzzIndex(f *testing.F) {
	for _, name := range []string{"types", "sharded", "objects"} {
		data, err := os.ReadFile("testdata/" + name + ".index")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		prefix := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(prefix+".index", data, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := readAll(prefix); err != nil && errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("an error that nobody understands: %v", err)
		}
	})
}
