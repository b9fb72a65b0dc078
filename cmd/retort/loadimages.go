package main

import (
	"context"
	"fmt"

	"github.com/retort-ml/retort/io/imagefile"
)

// loadedImage is an encoded image in memory.
type loadedImage struct {
	name string
	data []byte
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
		if e.Reason != "" {
			continue
		}
		data := e.Data
		if data == nil {
			if data, err = reader.ReadRef(imagefile.Ref{URI: e.URI, Offset: e.Offset, Length: e.Length}, nil); err != nil {
				return nil, err
			}
		}
		if loaded = append(loaded, loadedImage{e.Name, append([]byte(nil), data...)}); len(loaded) == limit {
			break
		}
	}
	if len(loaded) == 0 {
		return nil, fmt.Errorf("no images in %v", sources)
	}
	return loaded, nil
}
