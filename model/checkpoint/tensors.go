package checkpoint

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/x448/float16"

	"github.com/retort-ml/retort/io/blob"
)

// Tensors is a safetensors file of any program: names, shapes and data of float32,
// float16 or bfloat16, without checksums.
type Tensors struct {
	Path    string
	Meta    map[string]string
	entries map[string]entry
	body    []byte
}

// ReadTensors reads the safetensors file at path, or at a URL of package blob.
func ReadTensors(path string) (*Tensors, error) {
	f, err := blob.OpenFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data := make([]byte, f.Size())
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", path, err)
	}
	header, body, err := split(data)
	var entries []namedEntry
	t := &Tensors{Path: path, entries: map[string]entry{}, body: body}
	if err == nil {
		t.Meta, entries, err = parseHeader(header)
	}
	var format *FormatError
	if errors.As(err, &format) {
		return nil, fmt.Errorf("%s: no safetensors file, or one that is cut off: %s", path, format.Cause)
	}
	for _, e := range entries {
		t.entries[e.name] = e.entry
	}
	return t, nil
}

// Names are the tensors' names, sorted.
func (t *Tensors) Names() []string {
	names := make([]string, 0, len(t.entries))
	for name := range t.entries {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Shape is that of a tensor, nil where there is none.
func (t *Tensors) Shape(name string) []int { return t.entries[name].Shape }

// Floats are the values of a tensor, in its order. NaN and infinities are errors.
func (t *Tensors) Floats(name string) ([]float32, error) {
	e, ok := t.entries[name]
	if !ok {
		return nil, fmt.Errorf("%s: there is no tensor %s", t.Path, name)
	}
	width := map[string]int64{float32DType: 4, "F16": 2, "BF16": 2}[e.DType]
	if width == 0 {
		return nil, fmt.Errorf("%s: tensor %s is %s; want F32, F16 or BF16 (convert it there, and save it again)", t.Path, name, e.DType)
	}
	n, possible := elements(e.Shape)
	from, to := e.Offsets[0], e.Offsets[1]
	if !possible || from < 0 || to < from || to > int64(len(t.body)) || to-from != width*n {
		return nil, fmt.Errorf("%s: tensor %s of shape %v lies at bytes %d to %d of %d: the file is damaged or cut off", t.Path, name, e.Shape, from, to, len(t.body))
	}
	data := make([]float32, n)
	for i := range data {
		b := t.body[from+int64(i)*width:]
		switch e.DType {
		case float32DType:
			data[i] = math.Float32frombits(binary.LittleEndian.Uint32(b))
		case "BF16":
			data[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16)
		case "F16":
			data[i] = float16.Frombits(binary.LittleEndian.Uint16(b)).Float32()
		}
		if v := float64(data[i]); math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%s: tensor %s: value %d is %v: the training that left it had failed", t.Path, name, i, v)
		}
	}
	return data, nil
}
