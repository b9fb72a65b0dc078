package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/retort-ml/retort/io/imagefile"
)

// loadedImage is an encoded image in memory, or why it is not.
type loadedImage struct {
	name string
	data []byte
	err  error
}

// loadImages reads the first images of the sources, limit at most, into memory.
func loadImages(ctx context.Context, sources []string, limit int) ([]loadedImage, error) {
	reader := &imagefile.Reader{}
	defer reader.Close()
	var loaded []loadedImage
	for e, err := range imagefile.List(ctx, sources, imagefile.ListOptions{}) {
		if err != nil {
			return nil, err
		}
		one := loadedImage{name: e.Name, data: slices.Clone(e.Data)}
		switch {
		case e.Reason != "":
			one.err = &imagefile.QuarantineError{Reason: e.Reason, Detail: e.Detail}
		case one.data == nil:
			one.data, one.err = reader.ReadRef(imagefile.Ref{URI: e.URI, Offset: e.Offset, Length: e.Length}, nil)
		}
		if loaded = append(loaded, one); len(loaded) == limit {
			break
		}
	}
	if len(loaded) == 0 {
		return nil, fmt.Errorf("no images in %v", sources)
	}
	return loaded, nil
}
