package views

import (
	"fmt"

	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/transforms/views/augment"
)

// replayer makes the pixels of stored recipes again.
type replayer struct {
	meta   *Meta
	reader imagefile.Reader
	w      worker
}

func (r *replayer) close() { r.reader.Close() }

func (r *replayer) replay(rec *Record) error {
	r.w.recipes = r.w.recipes[:0]
	for _, b := range rec.replay {
		var recipe augment.Recipe
		if err := recipe.UnmarshalBinary(b); err != nil {
			return err
		}
		r.w.recipes = append(r.w.recipes, recipe)
	}
	if len(r.w.recipes) != len(r.meta.Views) {
		return fmt.Errorf("%d recipes for %d views", len(r.w.recipes), len(r.meta.Views))
	}
	s := &Stage{Views: r.meta.Views}
	r.w.scales = append(r.w.scales[:0], rec.scales...)
	if err := r.w.decode(&r.reader, rec.ref, r.meta.MaxPixels); err != nil {
		return err
	}
	var err error
	rec.Views, err = r.w.pass(s, 0)
	return err
}
