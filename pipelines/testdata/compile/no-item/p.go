package p

import (
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/pipelines/testdata/compile/stages"
)

func graph(g *pipelines.Graph, images pipelines.Edge[pipelines.Images]) {
	pipelines.Add(g, "lengths", pipelines.Each(&stages.Lengths{}), images) // error: int | missing method
}
