package p

import (
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/pipelines/testdata/compile/stages"
)

func graph(g *pipelines.Graph, views pipelines.Edge[pipelines.Views]) {
	pipelines.Add(g, "clean", pipelines.Each(&stages.Keep{}), views) // error: Edge[pipelines.Views] | Edge[pipelines.Images]
}
