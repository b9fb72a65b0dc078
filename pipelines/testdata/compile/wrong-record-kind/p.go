package p

import (
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/pipelines/testdata/compile/stages"
)

func graph(g *pipelines.Graph, images pipelines.Edge[pipelines.Images]) {
	views := pipelines.Add(g, "draw", pipelines.Each(&stages.Draw{}), images)
	var targets pipelines.Edge[pipelines.Targets] = views // error: Edge[pipelines.Views] | Edge[pipelines.Targets]
	_ = targets
}
