package checkpoint

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// foreign writes a safetensors file as other programs do.
func foreign(t *testing.T, header string, body []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.safetensors")
	data := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	if err := os.WriteFile(path, append(append(data, header...), body...), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestReadTensors reads each type that has a float32 for all its values.
func TestReadTensors(t *testing.T) {
	for dtype, bits := range map[string][]uint16{
		"F16":  {0x3c00, 0xc000, 0x3555, 1, 0x7bff, 0x8000},
		"BF16": {0x3f80, 0xc000, 0x3eab, 0x0001, 0x7f7f, 0x8000},
	} {
		want := map[string][]float32{
			"F16":  {1, -2, 0.333251953125, 5.960464477539063e-08, 65504, 0},
			"BF16": {1, -2, 0.333984375, 9.183549615799121e-41, 3.3895313892515355e+38, 0},
		}[dtype]
		var body []byte
		for _, b := range bits {
			body = binary.LittleEndian.AppendUint16(body, b)
		}
		f, err := ReadTensors(foreign(t, fmt.Sprintf(`{"__metadata__":{"format":"pt"},"w":{"dtype":%q,"shape":[2,3],"data_offsets":[0,12]}}`, dtype), body))
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.Floats("w")
		if err != nil || !slices.Equal(got, want) || !slices.Equal(f.Shape("w"), []int{2, 3}) || f.Meta["format"] != "pt" || !slices.Equal(f.Names(), []string{"w"}) {
			t.Errorf("%s: %v %v, %v; want %v", dtype, f.Shape("w"), got, err, want)
		}
	}
}

// TestReadTensorsSaysWhatIsWrong, with the file's and the tensor's name.
func TestReadTensorsSaysWhatIsWrong(t *testing.T) {
	body := make([]byte, 8)
	for entry, want := range map[string]string{
		`"dtype":"I64","shape":[1],"data_offsets":[0,8]`:                  "is I64; want F32, F16 or BF16",
		`"dtype":"F32","shape":[3],"data_offsets":[0,12]`:                 "cut off",
		`"dtype":"F32","shape":[3],"data_offsets":[0,8]`:                  "cut off",
		`"dtype":"F32","shape":[2],"data_offsets":[-8,0]`:                 "cut off",
		`"dtype":"F32","shape":[1099511627776,9],"data_offsets":[0,8]`:    "cut off",
		`"dtype":"F32","shape":[-1,-2],"data_offsets":[0,8]`:              "cut off",
		`"dtype":"F16","shape":[4],"data_offsets":[0,8],"more":"is fine"`: "",
	} {
		path := foreign(t, `{"w":{`+entry+`}}`, body)
		f, err := ReadTensors(path)
		if err == nil {
			_, err = f.Floats("w")
		}
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path)) {
			t.Errorf("%s: %v; want %q", entry, err, want)
		}
	}
	body[3], body[2] = 0x7f, 0x80 // infinity
	f, err := ReadTensors(foreign(t, `{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, body))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Floats("w"); err == nil || !strings.Contains(err.Error(), "value 0 is +Inf") {
		t.Error(err)
	}
	for _, header := range []string{"", "{", `{"w":3}`} {
		if _, err := ReadTensors(foreign(t, header, nil)); err == nil || !strings.Contains(err.Error(), "no safetensors file") {
			t.Errorf("%q: %v", header, err)
		}
	}
}
