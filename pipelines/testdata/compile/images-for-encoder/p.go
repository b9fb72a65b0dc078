package p

import (
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/pipelines/testdata/compile/stages"
)

func graph(g *pipelines.Graph, images pipelines.Edge[pipelines.Images]) {
	pipelines.Add(g, "encode", &stages.Encode{}, images) // error: Edge[pipelines.Images] | Edge[pipelines.Views]
}
