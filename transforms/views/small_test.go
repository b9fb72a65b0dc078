package views_test

import (
	"strings"
	"testing"

	"github.com/retort-ml/retort/internal/stagetest"
	"github.com/retort-ml/retort/transforms/views"
)

func TestImagesThatAreAllTooSmall(t *testing.T) {
	source := stagetest.Folder(t, 24, 4, "a", "b")
	for _, c := range []struct {
		stage *views.Stage
		warns bool
	}{
		{&views.Stage{Views: pair(24), Passes: 1, Seed: 3}, false},
		{&views.Stage{Views: pair(32), Passes: 1, Seed: 3}, true},
		{&views.Stage{Views: pair(32)[:1], Passes: 1, Seed: 3}, false}, // of labelled images: it is said once
	} {
		_, a := run(t, source, "direct", c.stage)
		got := strings.Join(a.Manifest.Notes, "\n")
		if strings.Contains(got, "warning: all images are smaller than size: the short side of the largest is 24 pixels") != c.warns {
			t.Errorf("%d views of %d pixels: notes %q", len(c.stage.Views), c.stage.Views[0].Size, got)
		}
	}
}
