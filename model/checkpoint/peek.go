package checkpoint

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/retort-ml/retort/io/blob"
)

// Header is what a checkpoint's file says before its data: not verified against
// them.
type Header struct {
	State
	SHA256 string // as Checkpoint.Fingerprint has it
	shapes map[string][]int
}

// Has says whether there is a weight of a name, and, where one is given, of a
// shape.
func (h *Header) Has(name string, shape ...int) bool {
	s, ok := h.shapes[name]
	return ok && (len(shape) == 0 || slices.Equal(s, shape))
}

// Peek reads the header of the checkpoint at path, or at a URL of package blob.
func Peek(path string) (*Header, error) {
	f, err := blob.OpenFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the checkpoint: %w", err)
	}
	defer f.Close()
	h, err := peek(f)
	var format *FormatError
	var version *VersionError
	switch {
	case errors.As(err, &format):
		format.Path = f.Name()
	case errors.As(err, &version):
		version.Path = f.Name()
	case err != nil:
		err = fmt.Errorf("cannot read the checkpoint %s: %w", f.Name(), err)
	}
	return h, err
}

func peek(f blob.File) (*Header, error) {
	start := make([]byte, min(8, f.Size()))
	if _, err := io.ReadFull(f, start); err != nil {
		return nil, err
	}
	if len(start) == 8 {
		if n := binary.LittleEndian.Uint64(start); n <= maxHeader && n <= uint64(f.Size()-8) {
			start = append(start, make([]byte, n)...)
			if _, err := io.ReadFull(f, start[8:]); err != nil {
				return nil, err
			}
		}
	}
	raw, _, err := split(start)
	if err != nil {
		return nil, err
	}
	meta, entries, err := parseHeader(raw)
	if err == nil {
		err = checkFormat(meta)
	}
	if err != nil {
		return nil, err
	}
	h := &Header{SHA256: meta["sha256"], shapes: map[string][]int{}}
	if err := json.Unmarshal([]byte(meta["state"]), &h.State); err != nil {
		return nil, damaged("", "its state does not parse: %v", err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.name, optimizerPrefix) {
			h.shapes[e.name] = e.Shape
		}
	}
	return h, nil
}

// checkFormat says whether a safetensors file is a checkpoint of this program.
func checkFormat(meta map[string]string) error {
	f := meta["format"]
	switch {
	case f == formatName:
		return nil
	case strings.HasPrefix(f, "retort-checkpoint/"):
		return &VersionError{Format: f}
	}
	return damaged("", "it is a safetensors file, but no checkpoint of this program (its metadata has no \"format\": %q)", formatName)
}
