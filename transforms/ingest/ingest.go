// Package ingest is the stage that finds images: it lists sources, decodes
// every image once to be sure that it can be used, and writes an index of
// references. Pixels stay where they are.
package ingest

import (
	"errors"
	"fmt"

	"github.com/retort-ml/retort/pipelines"
)

// Images is the stage. Its artifact is an index sorted by image id; images of
// the same bytes are in it once.
type Images struct {
	// Source lists folders, archives (.tar, plain or compressed, .zip), TFRecords of
	// encoded images and lists of paths.
	Source []string
	// Labels is "folder" (the class is the name of the image's folder, or the label
	// that a list has for it), a table of path,label or id,label (see package
	// table), or "none".
	Labels string
	// MaxImages, if above 0, uses so many images, chosen by a hash of name and
	// Seed: first those that a CSV labels, the same number of each class as far as
	// they go, then others, the same number of each folder.
	MaxImages int
	Seed      uint64
	// MaxPixels is the pixel limit of one image; 0 is imagefile.DefaultMaxPixels.
	MaxPixels int64
	// Limit is the share of unusable images above which the stage fails; 0 is
	// pipelines.DefaultMaxRejected.
	Limit float64 `fingerprint:"-"`
}

func init() { pipelines.Register(&Images{}) }

// StageVersion is 2 since of an image that sources list twice, under two names, the
// one listed first is kept, however many images there are. It was 1 since more
// kinds of pictures are read, orientation is looked for wherever Pillow finds it,
// and folders, archives and tables are what their users meant.
func (s *Images) StageVersion() int { return 2 }

// Validate reports what is wrong with the config.
func (s *Images) Validate() error {
	switch {
	case len(s.Source) == 0:
		return errors.New("Source is empty; want folders, archives or lists of paths")
	case s.MaxImages < 0:
		return fmt.Errorf("MaxImages = %d; want at least 0", s.MaxImages)
	case s.MaxPixels < 0:
		return fmt.Errorf("MaxPixels = %d; want at least 0", s.MaxPixels)
	case s.Limit < 0 || s.Limit > 1:
		return fmt.Errorf("Limit = %g; want 0 to 1", s.Limit)
	}
	return nil
}

// MaxRejected is the share of unusable images above which the stage fails.
func (s *Images) MaxRejected() float64 {
	if s.Limit == 0 {
		return pipelines.DefaultMaxRejected
	}
	return s.Limit
}

// labelling says where an image's class comes from.
type labelling struct {
	folder bool
	table  *labelTable
}

func (s *Images) labels() (labelling, error) {
	if s.table() == "" {
		return labelling{folder: s.Labels == "folder"}, nil
	}
	t, err := readLabels(s.Labels)
	return labelling{table: t}, err
}

// sharedLabels are labels that any number of shards of this process look at.
func (s *Images) sharedLabels(out output) (labelling, error) {
	return pipelines.Shared(out.Job, "ingest-labels", func() (labelling, error) {
		l, err := s.labels()
		if l.table != nil {
			l.table.names.Prepare()
		}
		return l, err
	})
}

// table is the file of labels, "" where they are no table.
func (s *Images) table() string {
	switch s.Labels {
	case "", "none", "folder":
		return ""
	}
	return s.Labels
}
