package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/retort-ml/retort/internal/atomicfile"
	"github.com/retort-ml/retort/internal/crc32c"
	"github.com/retort-ml/retort/io/blob"
)

const (
	metadataKey   = "__metadata__"
	formatName    = "retort-checkpoint/1"
	float32DType  = "F32"
	alignment     = 8 // of the data's start, for readers that map the file
	encodeBufSize = 1 << 20
)

// entry is one tensor in the header.
type entry struct {
	DType   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// Save writes the checkpoint to the file at path, whole or not at all.
func (c *Checkpoint) Save(path string) error {
	return atomicfile.Write(path, c.Encode)
}

// SaveIn is Save for a file of a folder.
func (c *Checkpoint) SaveIn(to blob.Creator, name string) error {
	w, err := to.Create(name)
	if err != nil {
		return err
	}
	defer w.Discard()
	if err := c.Encode(w); err != nil {
		return err
	}
	return w.Commit()
}

// Encode writes the checkpoint as safetensors. Equal checkpoints give equal
// bytes.
func (c *Checkpoint) Encode(w io.Writer) error {
	if err := c.check(); err != nil {
		return err
	}
	tensors := c.tensors()
	sums := map[string]string{}
	for _, t := range tensors {
		var sum crc32c.File
		writeFloats(&sum, t.Data)
		sums[t.Name] = fmt.Sprintf("%08x", sum.Sum())
	}
	meta, err := c.metadata(tensors, sums)
	if err != nil {
		return err
	}
	return EncodeTensors(w, meta, tensors)
}

// EncodeTensors writes tensors as a safetensors file with these metadata. What
// other programs are given is written so; a checkpoint is [Checkpoint.Encode]'s.
func EncodeTensors(w io.Writer, meta map[string]string, tensors []Tensor) error {
	header, err := header(meta, tensors)
	if err != nil {
		return err
	}
	var length [8]byte
	binary.LittleEndian.PutUint64(length[:], uint64(len(header)))
	for _, part := range [][]byte{length[:], header} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	for _, t := range tensors {
		if err := writeFloats(w, t.Data); err != nil {
			return err
		}
	}
	return nil
}

// Fingerprint names the content: the SHA-256, in hex, of state, shapes and all
// values. Two trainings that ended alike have equal fingerprints.
func (c *Checkpoint) Fingerprint() (string, error) {
	state, err := json.Marshal(c.State)
	if err != nil {
		return "", fmt.Errorf("checkpoint: the state is not JSON: %w", err)
	}
	return fingerprint(state, c.tensors()), nil
}

func fingerprint(state []byte, tensors []Tensor) string {
	h := sha256.New()
	h.Write(state)
	for _, t := range tensors {
		fmt.Fprintf(h, "\n%s %v\n", t.Name, t.Shape)
		writeFloats(h, t.Data)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// metadata are those of a checkpoint.
func (c *Checkpoint) metadata(tensors []Tensor, sums map[string]string) (map[string]string, error) {
	state, err := json.Marshal(c.State)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: the state is not JSON: %w", err)
	}
	crcs, err := json.Marshal(sums)
	if err != nil {
		return nil, err
	}
	return map[string]string{"format": formatName, "state": string(state), "crc32c": string(crcs), "sha256": fingerprint(state, tensors)}, nil
}

// header is the JSON header, padded with spaces as the format allows.
func header(meta map[string]string, tensors []Tensor) ([]byte, error) {
	raw, err := json.Marshal(meta)
	if err != nil {
		return nil, err
	}
	b := bytes.NewBufferString(`{"` + metadataKey + `":`)
	b.Write(raw)
	offset := int64(0)
	for _, t := range tensors {
		end := offset + 4*int64(len(t.Data))
		name, err := json.Marshal(t.Name)
		if err != nil {
			return nil, err
		}
		shape := t.Shape
		if shape == nil {
			shape = []int{}
		}
		e, err := json.Marshal(entry{float32DType, shape, [2]int64{offset, end}})
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(b, ",%s:%s", name, e)
		offset = end
	}
	b.WriteByte('}')
	for b.Len()%alignment != 0 {
		b.WriteByte(' ')
	}
	return b.Bytes(), nil
}

// writeFloats writes values little-endian. It fails only where w does: a sum never.
func writeFloats(w io.Writer, values []float32) error {
	buf := make([]byte, 0, min(4*len(values), encodeBufSize))
	for len(values) > 0 {
		n := min(len(values), encodeBufSize/4)
		buf = buf[:4*n]
		for i, v := range values[:n] {
			binary.LittleEndian.PutUint32(buf[4*i:], math.Float32bits(v))
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
		values = values[n:]
	}
	return nil
}
