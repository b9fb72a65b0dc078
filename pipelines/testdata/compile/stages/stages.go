// Package stages has what the snippets beside it put together.
package stages

import (
	"context"

	"github.com/retort-ml/retort/pipelines"
)

// Encode is an artifact stage from views to an encoder.
type Encode struct {
	Images pipelines.Edge[pipelines.Images]
}

func (*Encode) Run(context.Context, pipelines.Artifact[pipelines.Views], *pipelines.Output[pipelines.Encoder]) error {
	return nil
}

// Keep is an element-wise stage from images to images.
type Keep struct{}

func (*Keep) ProcessElement(context.Context, *pipelines.Image, func(*pipelines.Image)) error {
	return nil
}

// Draw is an element-wise stage from images to records of views.
type Draw struct{}

func (*Draw) ProcessElement(context.Context, *pipelines.Image, func(*pipelines.Record[pipelines.Views])) error {
	return nil
}

// Lengths emits what is no item.
type Lengths struct{}

func (*Lengths) ProcessElement(context.Context, *pipelines.Image, func(int)) error { return nil }
