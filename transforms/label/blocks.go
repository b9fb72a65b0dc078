package label

import (
	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/tfrecord"
)

// blocks are those of a file of targets: the views' own, with a record for each
// view of theirs.
type blocks struct {
	all   []artifact.Block
	begun int
	next  int64 // number of the record that the next one begins with
}

func blocksOf(views artifact.File, targets int) (blocks, error) {
	all, err := views.Parts()
	for i := range all {
		all[i].Records *= int64(targets)
	}
	return blocks{all: all}, err
}

// before notes where blocks begin, before the next record is written to w.
func (b *blocks) before(w *tfrecord.File) (err error) {
	for b.begun < len(b.all) && w.Records() == b.next && err == nil {
		block := &b.all[b.begun]
		block.Offset, err = w.Break()
		b.next += block.Records
		b.begun++
	}
	return err
}
