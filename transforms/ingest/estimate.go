package ingest

import (
	"context"
	"slices"
	"time"

	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/pipelines"
)

const (
	countFor     = 3 * time.Second // to count images before giving up
	entryBytes   = 240             // of a reference in the index
	imageSeconds = 150e-6          // of a core: to read, decode and hash a small image
)

// Estimate counts the images, unless that takes long.
func (s *Images) Estimate(ctx context.Context, _ pipelines.Known) pipelines.Estimate {
	limited, stop := context.WithTimeout(ctx, countFor)
	defer stop()
	n := int64(0)
	for _, err := range imagefile.List(limited, s.Source, imagefile.ListOptions{}) {
		if err != nil {
			return pipelines.Estimate{}
		}
		n++
	}
	if limited.Err() != nil {
		return pipelines.Estimate{}
	}
	if s.MaxImages > 0 {
		n = min(n, int64(s.MaxImages))
	}
	labelled := int64(0)
	switch labels, err := s.labels(); {
	case err != nil:
	case labels.folder:
		labelled = n
	case labels.table != nil:
		labelled = min(n, int64(labels.table.names.Len()))
	}
	return pipelines.Estimate{Images: n, Ports: map[string]int64{"labelled": labelled}, Bytes: n * entryBytes, CPUHours: float64(n) * imageSeconds / 3600}
}

// Wants is what the stage asks of its machine: images are decoded on all cores.
func (s *Images) Wants() pipelines.Wants { return pipelines.Wants{Cores: pipelines.SomeCores} }

// Reads are the sources, and the file of labels.
func (s *Images) Reads() []string {
	if s.Labels == "" || s.Labels == "none" || s.Labels == "folder" {
		return s.Source
	}
	return append(slices.Clone(s.Source), s.Labels)
}
