package pipelines_test

import (
	"context"
	"testing"

	"github.com/retort-ml/retort/internal/stagetest"
	"github.com/retort-ml/retort/pipelines"
)

// guessed is pictures that says beforehand what it will find.
type guessed struct{ pictures }

func (g *guessed) Estimate(context.Context, pipelines.Known) pipelines.Estimate {
	return pipelines.Estimate{Images: 9, Ports: map[string]int64{"labelled": 6}}
}

func (g *guessed) Run(ctx context.Context, in pipelines.Artifact[pipelines.None], out *pipelines.Output[pipelines.Images]) error {
	out.Count("labelled", 6)
	return g.pictures.Run(ctx, in, out)
}

// asks is a stage that wants to know what comes in.
type asks struct {
	Images, Labelled *int64 `json:"-"`
}

func (a *asks) Run(context.Context, pipelines.Artifact[pipelines.Images], *pipelines.Output[pipelines.None]) error {
	return nil
}

func (a *asks) Estimate(_ context.Context, known pipelines.Known) pipelines.Estimate {
	*a.Images, *a.Labelled = known.In(), known.Count("labelled")
	return pipelines.Estimate{}
}

// TestEstimatesPassElementwiseStages: what is known of the images is known behind
// one, too; what it dropped is, once it ran.
func TestEstimatesPassElementwiseStages(t *testing.T) {
	dir, root := stagetest.Folder(t, 8, 4, "cat", "dog"), t.TempDir()
	damage(t, dir, 1)
	var images, labelled int64
	for _, want := range []int64{9, 8} {
		g := pipelines.New("plan", pipelines.Root(root))
		all := pipelines.Add(g, "pictures", &guessed{pictures{Dir: dir}})
		clean := pipelines.Add(g, "bright", pipelines.Each(&bright{}), all)
		pipelines.Add(g, "asks", &asks{&images, &labelled}, clean)
		if _, err := g.Plan(t.Context()); err != nil {
			t.Fatal(err)
		}
		if images != want || labelled != 6 {
			t.Errorf("%d images, %d labelled; want %d, 6", images, labelled, want)
		}
		if _, err := run(t, g, "direct"); err != nil {
			t.Fatal(err)
		}
	}
}
