package p

import (
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/pipelines/testdata/compile/stages"
)

func graph(g *pipelines.Graph, images pipelines.Edge[pipelines.Images]) {
	pipelines.Add(g, "clean", &stages.Keep{}, images) // error: *stages.Keep | pipelines.Stage[In, Out]
}
