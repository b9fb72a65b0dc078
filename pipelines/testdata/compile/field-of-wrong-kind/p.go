package p

import (
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/pipelines/testdata/compile/stages"
)

func graph(views pipelines.Edge[pipelines.Views]) *stages.Encode {
	return &stages.Encode{Images: views} // error: Edge[pipelines.Views] | Edge[pipelines.Images]
}
