package p

import (
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/pipelines/testdata/compile/stages"
)

func graph(g *pipelines.Graph, images pipelines.Edge[pipelines.Images]) {
	both := pipelines.Fuse(&stages.Draw{}, &stages.Keep{}) // error: does not match
	pipelines.Add(g, "both", pipelines.Each(both), images)
}
