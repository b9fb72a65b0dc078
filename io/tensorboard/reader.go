package tensorboard

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/retort-ml/retort/io/tfrecord"
)

// Scalar is one value of a curve.
type Scalar struct {
	Step  int64
	Value float64 // float32 precision
	Time  time.Time
}

// Scalars reads the curves, by tag, of an event file or of all event files in a
// folder (not below it). Where a run was resumed, steps that the later file holds
// again replace those of the earlier one. A file that ends inside an event, as
// that of a running or killed process may, counts up to there.
func Scalars(path string) (map[string][]Scalar, error) {
	files, err := eventFiles(path)
	if err != nil {
		return nil, err
	}
	curves := map[string][]Scalar{}
	for _, file := range files {
		part := map[string][]Scalar{}
		if err := readScalars(file, part); err != nil {
			return nil, err
		}
		for tag, points := range part {
			curves[tag] = join(curves[tag], points)
		}
	}
	return curves, nil
}

// join replaces what lies at or after the first step of the later points.
func join(earlier, later []Scalar) []Scalar {
	first := math.MaxInt
	for _, p := range later {
		first = min(first, int(p.Step))
	}
	kept := slices.DeleteFunc(earlier, func(p Scalar) bool { return p.Step >= int64(first) })
	return append(kept, later...)
}

func eventFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("reading events: %w", err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path) // sorted, hence by time
	if err != nil {
		return nil, fmt.Errorf("reading events: %w", err)
	}
	var files []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), Prefix) && !e.IsDir() {
			files = append(files, filepath.Join(path, e.Name()))
		}
	}
	return files, nil
}

func readScalars(path string, curves map[string][]Scalar) error {
	r, err := tfrecord.Open(path, tfrecord.Options{Compression: tfrecord.None})
	if err != nil {
		return err
	}
	defer r.Close()
	for rec, err := range r.All() {
		var format *tfrecord.FormatError
		if errors.As(err, &format) && format.Truncated() {
			return nil
		}
		if err == nil {
			err = decodeEvent(rec, curves)
		}
		if err != nil {
			return fmt.Errorf("reading events: %w", err)
		}
	}
	return nil
}

// fields calls visit with every field of a message; number holds varints and
// fixed values.
func fields(message []byte, visit func(number protowire.Number, value uint64, content []byte) error) error {
	for len(message) > 0 {
		number, wire, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		var value uint64
		var content []byte
		switch wire {
		case protowire.VarintType:
			value, n = protowire.ConsumeVarint(message)
		case protowire.Fixed64Type:
			value, n = protowire.ConsumeFixed64(message)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(message)
			value = uint64(v)
		case protowire.BytesType:
			content, n = protowire.ConsumeBytes(message)
		default:
			n = protowire.ConsumeFieldValue(number, wire, message)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		if err := visit(number, value, content); err != nil {
			return err
		}
	}
	return nil
}

func decodeEvent(event []byte, curves map[string][]Scalar) error {
	point := Scalar{}
	var summary []byte
	err := fields(event, func(number protowire.Number, value uint64, content []byte) error {
		switch number {
		case 1:
			seconds := math.Float64frombits(value)
			point.Time = time.UnixMicro(int64(seconds * 1e6))
		case 2:
			point.Step = int64(value)
		case 5:
			summary = content
		}
		return nil
	})
	if err != nil {
		return err
	}
	return fields(summary, func(number protowire.Number, _ uint64, content []byte) error {
		if number != 1 {
			return nil
		}
		return decodeValue(content, point, curves)
	})
}

// decodeValue takes simple_value, or the tensor that TensorFlow 2 writes in its
// place.
func decodeValue(content []byte, point Scalar, curves map[string][]Scalar) error {
	tag, scalar := "", false
	err := fields(content, func(number protowire.Number, value uint64, content []byte) error {
		switch number {
		case 1:
			tag = string(content)
		case 2:
			point.Value, scalar = float64(math.Float32frombits(uint32(value))), true
		case 8:
			return decodeTensor(content, &point.Value, &scalar)
		}
		return nil
	})
	if scalar && err == nil {
		curves[tag] = append(curves[tag], point)
	}
	return err
}

// decodeTensor reads a TensorProto of one float32 (dtype 1).
func decodeTensor(tensor []byte, out *float64, ok *bool) error {
	var dtype, bits uint64
	var one bool
	err := fields(tensor, func(number protowire.Number, value uint64, content []byte) error {
		switch {
		case number == 1:
			dtype = value
		case number == 4 && len(content) == 4, number == 5 && len(content) == 4: // tensor_content, packed float_val
			v, _ := protowire.ConsumeFixed32(content)
			bits, one = uint64(v), true
		case number == 5 && content == nil:
			bits, one = value, true
		}
		return nil
	})
	if dtype == 1 && one {
		*out, *ok = float64(math.Float32frombits(uint32(bits))), true
	}
	return err
}
