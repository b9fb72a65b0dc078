package label

import (
	"testing"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/tfrecord"
)

// A file of targets has the blocks of its views, each where its first record lies.
func TestBlocksOfTargets(t *testing.T) {
	for _, views := range []int{1, 2} {
		counts := []int64{0, 3, 0, 4, 0}
		var of []artifact.Block
		for i, n := range counts {
			of = append(of, artifact.Block{Offset: int64(i), Records: n})
		}
		b, err := blocksOf(artifact.File{Records: 7, Bytes: 9, Blocks: artifact.ListBlocks(of)}, views)
		if err != nil {
			t.Fatal(err)
		}
		w, err := tfrecord.CreateIn(blob.Local(t.TempDir()), "targets.tfrecord", tfrecord.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Discard()
		const frame = tfrecord.FrameBefore + tfrecord.FrameAfter
		for range 7 * views {
			if err := b.before(w); err != nil {
				t.Fatal(err)
			}
			if err := w.Write([]byte("abcd")); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.before(w); err != nil {
			t.Fatal(err)
		}
		at := int64(0)
		for i, n := range counts {
			want := artifact.Block{Offset: at, Records: n * int64(views)}
			if b.all[i] != want {
				t.Errorf("block %d of %d views: %+v, want %+v", i, views, b.all[i], want)
			}
			at += want.Records * (4 + frame)
		}
	}
}
