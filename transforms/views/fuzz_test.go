package views

import (
	"bytes"
	"testing"

	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/tfrecord"
	"github.com/retort-ml/retort/transforms/views/augment"
)

// FuzzRecord: any bytes as a record are the views that the artifact promises, or
// an error; a stored recipe never reads an image that is not there.
func FuzzRecord(f *testing.F) {
	s := &Stage{Views: []augment.Config{augment.Pretrain(8), augment.Pretrain(8)}, Passes: 1}
	s.Views[1].Extras = augment.DefaultExtras()
	s.Views[1].Cutout, s.Views[1].Posterize = 1, 1
	ref := imagefile.Ref{URI: "/no/such", Offset: 3, Length: 5, Width: 20, Height: 30, Label: 2}
	var w worker
	w.draw(s, ref)
	add := func(recipe bool) {
		w.sources.image[0] = augment.Image{Pix: make([]uint8, 3*20*30), Width: 20, Height: 30}
		frame, err := w.record(s, ref, 0, nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(bytes.Clone(frame[tfrecord.FrameBefore:len(frame)-tfrecord.FrameAfter]), recipe)
	}
	add(false)
	s.Format = "png"
	add(false)
	s.Store = "recipe"
	add(true)
	f.Fuzz(func(t *testing.T, data []byte, recipe bool) {
		meta := &Meta{Sizes: []int{8, 8}, Views: s.Views, Store: "pixels"}
		if recipe {
			meta.Store = "recipe"
		}
		var r Record
		if err := r.parse(data, meta); err != nil {
			return
		}
		r.Recipes()
		if recipe {
			re := replayer{meta: meta}
			defer re.close()
			if err := re.replay(&r); err == nil {
				t.Fatalf("replayed %+v", r.ref)
			}
			return
		}
		if len(r.Views) != 2 || len(r.Views[0]) != 192 || len(r.Views[1]) != 192 {
			t.Fatalf("%d views", len(r.Views))
		}
	})
}
