package checkpoint

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/retort-ml/retort/internal/crc32c"
	"github.com/retort-ml/retort/io/blob"
)

// FormatError says that a file is no intact checkpoint.
type FormatError struct {
	Path   string
	Tensor string // empty: the file as a whole
	Cause  string
}

func (e *FormatError) Error() string {
	s := e.Path
	if s == "" {
		s = "checkpoint"
	}
	if e.Tensor != "" {
		s += fmt.Sprintf(": tensor %q", e.Tensor)
	}
	return s + ": " + e.Cause + " (want a checkpoint that retort wrote; one of a run may be deleted: the run goes on from an earlier one, or writes it anew)"
}

// VersionError says that a file is fine and this program too old for it.
type VersionError struct{ Path, Format string }

func (e *VersionError) Error() string {
	return fmt.Sprintf("%s: the file's format is %q, this program reads %q (update the program)", e.Path, e.Format, formatName)
}

// maxHeader bounds the header, as other readers of the format do.
const maxHeader = 100 << 20

// Load reads and checks the checkpoint at path, or at a URL of package blob.
func Load(path string) (*Checkpoint, error) {
	f, err := blob.OpenFile(path)
	return load(f, err)
}

// LoadFrom is Load for a file of a folder.
func LoadFrom(from blob.Opener, name string) (*Checkpoint, error) {
	f, err := from.Open(name)
	return load(f, err)
}

func load(f blob.File, err error) (*Checkpoint, error) {
	if err != nil {
		return nil, fmt.Errorf("cannot read the checkpoint: %w", err)
	}
	defer f.Close()
	data, path := make([]byte, f.Size()), f.Name()
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, fmt.Errorf("cannot read the checkpoint %s: %w", path, err)
	}
	c, err := Decode(data)
	var format *FormatError
	var version *VersionError
	switch {
	case errors.As(err, &format):
		format.Path = path
	case errors.As(err, &version):
		version.Path = path
	}
	return c, err
}

// Decode reads a checkpoint from the bytes of a file. Errors are [*FormatError]
// or [*VersionError].
func Decode(data []byte) (*Checkpoint, error) {
	header, body, err := split(data)
	if err != nil {
		return nil, err
	}
	meta, entries, err := parseHeader(header)
	if err != nil {
		return nil, err
	}
	if err := checkFormat(meta); err != nil {
		return nil, err
	}
	var sums map[string]string
	if err := json.Unmarshal([]byte(meta["crc32c"]), &sums); err != nil {
		return nil, damaged("", "its list of checksums does not parse: %v", err)
	}
	c := &Checkpoint{}
	if err := json.Unmarshal([]byte(meta["state"]), &c.State); err != nil {
		return nil, damaged("", "its state does not parse: %v", err)
	}
	if err := c.decodeTensors(entries, sums, body); err != nil {
		return nil, err
	}
	if got := fingerprint([]byte(meta["state"]), c.tensors()); got != meta["sha256"] {
		return nil, damaged("", "the header's checksum differs: the file says %.12s…, its content gives %.12s…", meta["sha256"], got)
	}
	return c, nil
}

func damaged(tensor, format string, args ...any) error {
	return &FormatError{Tensor: tensor, Cause: fmt.Sprintf(format, args...)}
}

// split cuts a file into header and data.
func split(data []byte) (header, body []byte, err error) {
	if len(data) < 8 {
		return nil, nil, damaged("", "%d bytes are too few for a safetensors file", len(data))
	}
	n := binary.LittleEndian.Uint64(data)
	if n > maxHeader {
		return nil, nil, damaged("", "it says its header has %d bytes; no safetensors file has more than %d", n, maxHeader)
	}
	if n > uint64(len(data)-8) {
		return nil, nil, damaged("", "it ends inside its header (%d of %d bytes)", len(data)-8, n)
	}
	return data[8 : 8+n], data[8+n:], nil
}

type namedEntry struct {
	name string
	entry
}

// parseHeader returns the metadata and the tensors, in the order of their data.
func parseHeader(header []byte) (map[string]string, []namedEntry, error) {
	var raw map[string]json.RawMessage
	d := json.NewDecoder(bytes.NewReader(header))
	if err := d.Decode(&raw); err != nil {
		return nil, nil, damaged("", "its header does not parse: %v", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, nil, damaged("", "its header goes on after the JSON object")
	}
	meta := map[string]string{}
	var entries []namedEntry
	for name, value := range raw {
		if name == metadataKey {
			if err := json.Unmarshal(value, &meta); err != nil {
				return nil, nil, damaged("", "its metadata do not parse: %v", err)
			}
			continue
		}
		e := namedEntry{name: name}
		if err := json.Unmarshal(value, &e.entry); err != nil {
			return nil, nil, damaged(name, "its header entry does not parse: %v", err)
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b namedEntry) int {
		if a.Offsets != b.Offsets {
			return slices.Compare(a.Offsets[:], b.Offsets[:])
		}
		return strings.Compare(a.name, b.name)
	})
	return meta, entries, nil
}

// decodeTensors fills the weights and the optimiser's state.
func (c *Checkpoint) decodeTensors(entries []namedEntry, sums map[string]string, body []byte) error {
	next := int64(0)
	for _, e := range entries {
		if e.Offsets[0] != next || e.Offsets[1] < next {
			return damaged(e.name, "its data are said to be at [%d, %d), not at %d", e.Offsets[0], e.Offsets[1], next)
		}
		next = e.Offsets[1]
		t, err := decodeTensor(e, sums, body)
		if err != nil {
			return err
		}
		if name, ok := strings.CutPrefix(t.Name, optimizerPrefix); ok {
			t.Name = name
			c.Optimizer = append(c.Optimizer, t)
		} else {
			c.Weights = append(c.Weights, t)
		}
	}
	if next != int64(len(body)) {
		return damaged("", "%d bytes follow the last tensor", int64(len(body))-next)
	}
	return nil
}

func decodeTensor(e namedEntry, sums map[string]string, body []byte) (Tensor, error) {
	t := Tensor{Name: e.name, Shape: e.Shape}
	if e.DType != float32DType {
		return t, damaged(e.name, "its type is %q; this program's checkpoints hold %s only", e.DType, float32DType)
	}
	size, ok := elements(e.Shape)
	if !ok || size == 0 || 4*size != e.Offsets[1]-e.Offsets[0] {
		return t, damaged(e.name, "its shape %v does not fit its %d bytes", e.Shape, e.Offsets[1]-e.Offsets[0])
	}
	if e.Offsets[1] > int64(len(body)) {
		return t, damaged(e.name, "the file ends inside it (at byte %d of its data's %d)", int64(len(body))-e.Offsets[0], 4*size)
	}
	raw := body[e.Offsets[0]:e.Offsets[1]]
	if got := fmt.Sprintf("%08x", crc32c.Of(raw)); got != sums[e.name] {
		return t, damaged(e.name, "data checksum differs: %q is written, the data give %q", sums[e.name], got)
	}
	t.Data = make([]float32, size)
	for i := range t.Data {
		t.Data[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return t, nil
}

// elements multiplies the dimensions, and says whether that is a possible size.
func elements(shape []int) (int64, bool) {
	n := int64(1)
	for _, d := range shape {
		if d < 0 || d > 1<<40 || (d > 0 && n > (1<<40)/int64(d)) {
			return 0, false
		}
		n *= int64(d)
	}
	return n, true
}
