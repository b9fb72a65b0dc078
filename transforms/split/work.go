package split

import (
	"bytes"
	"fmt"

	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/tfrecord"
	"github.com/retort-ml/retort/pipelines"
)

// decided is what one round leaves for the next ones.
type decided struct {
	Notes    []string       `json:"notes,omitempty"`
	TestSize int            `json:"test_size"`        // images of the separate test set
	Listed   []imagefile.ID `json:"listed,omitempty"` // the images that the user lists

	// from the look on

	Images   int            `json:"images"`
	Excluded int            `json:"excluded"`
	Size     []int          `json:"size"`
	Held     []int          `json:"held"`
	Quota    []int          `json:"quota"`
	Aside    []int          `json:"aside"`
	Kept     []imagefile.ID `json:"kept,omitempty"`
	Shift    int            `json:"shift"`
	Cuts     [][]cut        `json:"cuts"`

	// from the writing on

	Chunks []roles `json:"chunks,omitempty"`
}

func (d *decided) save(out output, phase string) error { return out.SaveWork(phase, d) }

func load(out output, phase string) (*decided, error) {
	return pipelines.LoadWork[decided](out.Job, phase)
}

func workName(phase string, shard int) string { return fmt.Sprintf("%s-%05d.tfrecord", phase, shard) }

// leave writes a file of a shard for the next phases.
func leave(out output, phase string, shard int, records ...[]byte) error {
	w, err := pipelines.CreateWork(out.Job, workName(phase, shard))
	if err != nil {
		return err
	}
	defer w.Discard()
	for _, data := range records {
		if err := w.Write(data); err != nil {
			return err
		}
	}
	return w.Keep()
}

// taken is one of the records that leave wrote, with its checksum verified.
func taken(out output, phase string, shard int, record int64) ([]byte, error) {
	r, err := tfrecord.OpenIn(out.Work(), workName(phase, shard), tfrecord.Options{Strict: true})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if err := r.Skip(record); err != nil {
		return nil, err
	}
	data, err := r.Next()
	return bytes.Clone(data), err
}
