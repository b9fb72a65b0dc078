package torchvision

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
)

// file is a safetensors file of another program.
type file struct {
	path    string
	meta    map[string]string
	entries map[string]entry
	body    []byte
	used    map[string]bool
}

type entry struct {
	DType   string `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets [2]int `json:"data_offsets"`
}

func read(path string) (*file, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(data) < 8 {
		return nil, fmt.Errorf("%s: %d bytes are too few for a safetensors file", path, len(data))
	}
	n := binary.LittleEndian.Uint64(data)
	if n > uint64(len(data)-8) {
		return nil, fmt.Errorf("%s: no safetensors file, or one that is cut off inside its header", path)
	}
	f := &file{path: path, entries: map[string]entry{}, body: data[8+n:], used: map[string]bool{}}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data[8:8+n], &raw); err != nil {
		return nil, fmt.Errorf("%s: the header of this safetensors file does not parse: %w", path, err)
	}
	for name, value := range raw {
		var e entry
		var to any = &e
		if name == "__metadata__" {
			to = &f.meta
		}
		if err := json.Unmarshal(value, to); err != nil {
			return nil, fmt.Errorf("%s: header entry %q does not parse: %w", path, name, err)
		}
		if name != "__metadata__" {
			f.entries[name] = e
		}
	}
	return f, nil
}

// shape is that of a tensor, nil where there is none.
func (f *file) shape(name string) []int { return f.entries[name].Shape }

// floats reads a tensor of float32, float16 or bfloat16, which must have the shape.
func (f *file) floats(name string, shape ...int) ([]float32, error) {
	e, ok := f.entries[name]
	if !ok {
		return nil, fmt.Errorf("%s: there is no tensor %s, which a ResNet of its other tensors has", f.path, name)
	}
	if fmt.Sprint(e.Shape) != fmt.Sprint(shape) {
		return nil, fmt.Errorf("%s: tensor %s has shape %v, a ResNet of its other tensors has %v there (wide, grouped and other kinds of ResNets have no counterpart here)", f.path, name, e.Shape, shape)
	}
	f.used[name] = true
	values := 1
	for _, d := range shape {
		values *= d
	}
	width := map[string]int{"F32": 4, "F16": 2, "BF16": 2}[e.DType]
	if width == 0 {
		return nil, fmt.Errorf("%s: tensor %s is %s; want F32, F16 or BF16", f.path, name, e.DType)
	}
	from, to := e.Offsets[0], e.Offsets[1]
	if from < 0 || to < from || to > len(f.body) || to-from != width*values {
		return nil, fmt.Errorf("%s: tensor %s lies at bytes %d to %d of %d: the file is damaged or cut off", f.path, name, from, to, len(f.body))
	}
	data := make([]float32, values)
	for i := range data {
		b := f.body[from+i*width:]
		switch e.DType {
		case "F32":
			data[i] = math.Float32frombits(binary.LittleEndian.Uint32(b))
		case "BF16":
			data[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16)
		case "F16":
			data[i] = half(binary.LittleEndian.Uint16(b))
		}
		if v := float64(data[i]); math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%s: tensor %s: value %d is %v: the training that left it had failed", f.path, name, i, v)
		}
	}
	return data, nil
}

// half is the value of an IEEE 754 binary16.
func half(b uint16) float32 {
	sign, exponent, fraction := 1.0, int(b>>10&31), float64(b&1023)
	if b>>15 == 1 {
		sign = -1
	}
	switch exponent {
	case 0:
		return float32(math.Copysign(math.Ldexp(fraction, -24), sign))
	case 31:
		if fraction != 0 {
			return float32(math.NaN())
		}
		return float32(math.Inf(int(sign)))
	}
	return float32(sign * math.Ldexp(1024+fraction, exponent-25))
}
