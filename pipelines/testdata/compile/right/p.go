package p

import (
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/pipelines/testdata/compile/stages"
)

func graph(g *pipelines.Graph, images pipelines.Edge[pipelines.Images]) pipelines.Edge[pipelines.Encoder] {
	clean := pipelines.Add(g, "clean", pipelines.Each(&stages.Keep{}), images)
	views := pipelines.Add(g, "views", pipelines.Each(pipelines.Fuse(&stages.Keep{}, &stages.Draw{})), clean)
	return pipelines.Add(g, "encode", &stages.Encode{Images: clean}, views)
}
