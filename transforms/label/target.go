package label

import (
	"encoding/binary"
	"fmt"
	"iter"

	"github.com/x448/float16"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/example"
	"github.com/retort-ml/retort/pipelines"
)

// Target is the teacher's opinion of one view.
type Target struct {
	Key
	Teacher string    // fingerprint of the teacher's artifact
	Logits  []float32 // [classes]; stored as half-precision floats
}

// largest is the largest half-precision float. What exceeds it is stored as it:
// an infinity would make the softmax no number.
const largest = 65504

// The keys of a target Example; docs/formats.md is their contract.
const (
	keyID      = "image/id"
	keyPass    = "pass"
	keyView    = "view"
	keyTeacher = "teacher"
	keyLogits  = "logits" // bytes: little-endian IEEE half precision, one a class
)

// Encode makes the target's Example.
func (t *Target) Encode() []byte {
	half := make([]byte, 2*len(t.Logits))
	for i, x := range t.Logits {
		binary.LittleEndian.PutUint16(half[2*i:], float16.Fromfloat32(max(-largest, min(x, largest))).Bits())
	}
	var b example.Builder
	b.Bytes(keyID, t.ID[:])
	b.Int64s(keyPass, int64(t.Pass))
	b.Int64s(keyView, int64(t.View))
	b.Bytes(keyTeacher, []byte(t.Teacher))
	b.Bytes(keyLogits, half)
	return b.AppendTo(nil)
}

// Decode reads a target's Example. The logits are put where t.Logits has room
// for them.
func (t *Target) Decode(data []byte) error {
	ex, err := example.Decode(data)
	if err != nil {
		return err
	}
	id, err := ex.Bytes(keyID)
	if err != nil || len(id) != len(t.ID) {
		return fmt.Errorf("key %q: want 16 bytes", keyID)
	}
	copy(t.ID[:], id)
	pass, err := ex.Int64(keyPass)
	if err != nil {
		return err
	}
	view, err := ex.Int64(keyView)
	if err != nil {
		return err
	}
	teacher, err := ex.Bytes(keyTeacher)
	if err != nil {
		return err
	}
	half, err := ex.Bytes(keyLogits)
	if err != nil {
		return err
	}
	if len(half)%2 != 0 {
		return fmt.Errorf("key %q: %d bytes are no half-precision floats", keyLogits, len(half))
	}
	t.Pass, t.View, t.Teacher = int(pass), int(view), string(teacher)
	t.Logits = t.Logits[:0]
	for i := 0; i < len(half); i += 2 {
		t.Logits = append(t.Logits, float16.Frombits(binary.LittleEndian.Uint16(half[i:])).Float32())
	}
	return nil
}

// All yields all targets of an artifact, file by file. A target is valid until
// the next one is asked for.
func All(a pipelines.Artifact[pipelines.Targets]) iter.Seq2[*Target, error] {
	return Of(a, pipelines.RecordFiles(a))
}

// Of is All of some of the artifact's files.
func Of(a pipelines.Artifact[pipelines.Targets], files []artifact.File) iter.Seq2[*Target, error] {
	return func(yield func(*Target, error) bool) {
		var t Target
		for r, err := range pipelines.RecordsOf(a, files) {
			if err == nil {
				if err = t.Decode(r.Data()); err != nil {
					err = fmt.Errorf("%s: %w", r, err)
				}
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(&t, nil) {
				return
			}
		}
	}
}
