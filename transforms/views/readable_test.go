package views_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/retort-ml/retort/internal/stagetest"
	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
	"github.com/retort-ml/retort/transforms/ingest"
	"github.com/retort-ml/retort/transforms/views"
	"github.com/retort-ml/retort/transforms/views/augment"
)

// extended is a pair of views with operations that no preset has.
func extended(size int) []augment.Config {
	configs := pair(size)
	extras := augment.DefaultExtras()
	extras.Cutout, extras.Posterize = 0.5, 0.5
	configs[1].Extras = extras.Used() // one view alone: their recipes are of different lengths
	return configs
}

// Stored recipes with operations beyond the first format replay the pixels, and the
// recipes beside the pixels say what was done.
func TestExtendedRecipesReplayThePixels(t *testing.T) {
	source := stagetest.Folder(t, 40, 8, "a", "b")
	pixels, _ := run(t, source, "direct", &views.Stage{Views: extended(16), Passes: 3, Seed: 3})
	recipe, a := run(t, source, "direct", &views.Stage{Views: extended(16), Passes: 3, Seed: 3, Store: "recipe"})
	png, _ := run(t, source, "direct", &views.Stage{Views: extended(16), Passes: 3, Seed: 3, Format: "png"})
	plain, _ := run(t, source, "direct", &views.Stage{Views: pair(16), Passes: 3, Seed: 3})
	want := stream(t, pixels, 0, 48)
	if stream(t, recipe, 0, 48) != want || stream(t, png, 0, 48) != want {
		t.Error("replayed views, or those through PNG, differ")
	}
	if stream(t, plain, 0, 48) == want {
		t.Error("the operations change nothing")
	}
	if !strings.Contains(string(a.Manifest.Meta), `"recipe_version": 2`) {
		t.Errorf("the manifest does not say that recipes are extended: %s", a.Manifest.Meta)
	}
	said := map[string]int{}
	for _, d := range []*views.Dataset{pixels, recipe} {
		n := 0
		for it, err := range d.Stream(1, 0) {
			if err != nil {
				t.Fatal(err)
			}
			recipes := it.Recipes()
			if len(recipes) != 2 {
				t.Fatalf("%d recipes", len(recipes))
			}
			text := recipes[0].String() + " | " + recipes[1].String()
			for _, op := range []string{"posterize", "cutout"} {
				if strings.Contains(text, op) {
					said[op]++
				}
			}
			if n++; n == 48 {
				break
			}
		}
	}
	if said["posterize"] < 20 || said["cutout"] < 20 || said["posterize"]%2 != 0 || said["cutout"]%2 != 0 {
		t.Errorf("recipes of 96 records say %v", said)
	}
}

// What this program cannot read is not kept: the plan says what made it, and opening
// it says so before any record is read.
func TestRecipesThatCannotBeReadAreMadeAgain(t *testing.T) {
	g := pipelines.New("t", pipelines.Root(t.TempDir()))
	images := pipelines.Add(g, "ingest", &ingest.Images{Source: []string{stagetest.Folder(t, 24, 4, "a", "b")}, Labels: "folder"})
	pipelines.Add(g, "views", &views.Stage{Views: pair(8), Passes: 1, Store: "recipe"}, images)
	results, err := runners.Run(t.Context(), g, runners.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir, written := blob.Local(g.At("views", "")), *results[1].Manifest
	if strings.Contains(string(written.Meta), "recipe_version") {
		t.Errorf("recipes of the first format say that they are others: %s", written.Meta)
	}
	for _, c := range []struct{ want, meta string }{
		{"", string(written.Meta)},
		{`unknown field "sharpness"`, strings.Replace(string(written.Meta), `"flip":`, `"sharpness":0.5,"flip":`, 1)},
		{"its recipes are of version 9; this program reads versions 1 to 2", strings.Replace(string(written.Meta), `{`, `{"recipe_version":9,`, 1)},
	} {
		want, meta := c.want, c.meta
		m := written
		m.Meta, m.CodeVersion = json.RawMessage(meta), "v9.9.9"
		if err := artifact.Commit(dir, &m); err != nil {
			t.Fatal(err)
		}
		steps, err := g.Plan(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if why := steps[1].Why; (why == "") != (want == "") || !strings.Contains(why, want) || want != "" && !strings.Contains(why, "v9.9.9") {
			t.Errorf("planned because %q; want %q", why, want)
		}
		a, err := pipelines.LoadArtifact[pipelines.Views](dir.String())
		if err != nil {
			t.Fatal(err)
		}
		_, err = views.Open(a)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("opened with %v; want %q", err, want)
		}
	}
	results, err = runners.Run(t.Context(), g, runners.Options{})
	if err != nil || results[1].State != pipelines.Run {
		t.Fatalf("%+v, %v", results[1], err)
	}
}
