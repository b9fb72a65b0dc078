package embedding

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/retort-ml/retort/io/example"
	"github.com/retort-ml/retort/io/tfrecord"
)

const dim = 3

func rowAt(i int) Row {
	return Row{ID: fmt.Sprintf("%032x", i), Path: fmt.Sprint("p", i), URI: "u", Class: []string{"", "c"}[i%2],
		Vector: []float32{float32(i), -0.5, float32(math.Inf(1))}, Pixels: bytes.Repeat([]byte{uint8(i)}, 12), Side: 2}
}

func fill(t *testing.T, w Writer, err error, n int) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard()
	for i := range n {
		if err := w.Write(rowAt(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
}

func TestNPY(t *testing.T) {
	for _, half := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "x.npy")
		w, err := Create(path, dim, Options{Half: half})
		fill(t, w, err, 12)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		size, kind := 4, "<f4"
		if half {
			size, kind = 2, "<f2"
		}
		want := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (12, 3), }", kind)
		if len(data) != 128+12*dim*size || !strings.HasPrefix(string(data[10:]), want) || data[127] != '\n' || binary.LittleEndian.Uint16(data[8:]) != 118 {
			t.Errorf("%q", data[:128])
		}
		if first := data[128+dim*size:]; half && binary.LittleEndian.Uint16(first) != 0x3c00 || !half && math.Float32frombits(binary.LittleEndian.Uint32(first)) != 1 {
			t.Errorf("row 1 begins with % x", first[:4])
		}
		names, err := os.ReadFile(NamesOf(path))
		if err != nil || strings.Count(string(names), "\n") != 13 || !strings.Contains(string(names), "\n11,0000000000000000000000000000000b,p11,u,c\n") {
			t.Errorf("%s %v", names, err)
		}
	}
}

func TestParquet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.parquet")
	w, err := Create(path, dim, Options{})
	n := groupRows + 5
	fill(t, w, err, n)
	rows, err := parquet.ReadFile[parquetRow](path)
	if err != nil || len(rows) != n {
		t.Fatal(len(rows), err)
	}
	for i, r := range rows {
		want := rowAt(i)
		if r.ID != want.ID || r.Path != want.Path || (r.Class == nil) != (want.Class == "") || fmt.Sprint(r.Feature) != fmt.Sprint(want.Vector) {
			t.Fatalf("row %d is %+v", i, r)
		}
	}
}

func TestTFRecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.tfrecord")
	w, err := Create(path, dim, Options{})
	fill(t, w, err, 3)
	r, err := tfrecord.Open(path, tfrecord.Options{Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for i := range 3 {
		data, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := example.Decode(data); err != nil || !bytes.Contains(data, []byte(rowAt(i).Path)) {
			t.Errorf("record %d: %v", i, err)
		}
	}
}

// TestProjectorIsBounded: the first rows alone, and a picture of no more.
func TestProjectorIsBounded(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "look")
	w, err := CreateProjector(dir, 5, dim)
	fill(t, w, err, 9)
	config, err := os.ReadFile(filepath.Join(dir, "projector_config.pbtxt"))
	if err != nil || !strings.Contains(string(config), "tensor_shape: 5\n  tensor_shape: 3\n") || !strings.Contains(string(config), "single_image_dim: 2") {
		t.Errorf("%s %v", config, err)
	}
	tensors, _ := os.ReadFile(filepath.Join(dir, "tensors.tsv"))
	names, _ := os.ReadFile(filepath.Join(dir, "metadata.tsv"))
	if strings.Count(string(tensors), "\n") != 5 || strings.Count(string(names), "\n") != 6 {
		t.Errorf("%s%s", tensors, names)
	}
	if _, err := CreateProjector(dir, MostPoints+1, dim); err == nil {
		t.Error("no bound")
	}
}

// TestDiscardLeavesNothing of a file that was not finished.
func TestDiscardLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	for _, extension := range Extensions() {
		w, err := Create(filepath.Join(dir, "x"+extension), dim, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(rowAt(1)); err != nil {
			t.Fatal(err)
		}
		w.Discard()
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v %v", left, err)
	}
}
