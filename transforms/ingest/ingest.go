// Package ingest is the stage that finds images: it lists sources, decodes
// every image once to be sure that it can be used, and writes an index of
// references. Pixels stay where they are.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/index"
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

// StageVersion is 1 since more kinds of pictures are read, orientation is looked
// for wherever Pillow finds it, and folders, archives and tables are what their
// users meant.
func (s *Images) StageVersion() int { return 1 }

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

// Run lists, checks and indexes the images.
func (s *Images) Run(ctx context.Context, _ pipelines.Artifact[pipelines.None], out *pipelines.Output[pipelines.Images]) error {
	labels, err := s.labels()
	if err != nil {
		return err
	}
	var listed imagefile.ListStats
	opt := imagefile.ListOptions{Stats: &listed, Note: func(note string) { out.Note("%s", note) }}
	entries := imagefile.List(ctx, s.Source, opt)
	total := int64(0)
	if s.MaxImages > 0 {
		if entries, total, err = s.subset(ctx, labels.table, opt); err != nil {
			return err
		}
	}
	scratch, remove, err := out.Scratch("spill")
	if err != nil {
		return err
	}
	defer remove()
	sorter, err := index.NewSorter(scratch)
	if err != nil {
		return err
	}
	defer sorter.Remove()
	c := &checker{stage: s, out: out, labels: labels, sorter: sorter, meter: out.Meter(total, "images")}
	defer c.discard()
	if err := c.all(ctx, entries); err != nil {
		return err
	}
	if c.kept == 0 {
		return c.nothing()
	}
	if labels.table != nil {
		if err := labels.table.settle(s.Source); err != nil {
			return err
		}
	}
	if err := c.tell(&listed); err != nil {
		return err
	}
	sorter.Class = c.layout.name
	return c.finish(sorter)
}

// labelling says where an image's class comes from.
type labelling struct {
	folder bool
	table  *labelTable
}

func (s *Images) labels() (labelling, error) {
	switch s.Labels {
	case "", "none":
		return labelling{}, nil
	case "folder":
		return labelling{folder: true}, nil
	}
	t, err := readLabels(s.Labels)
	return labelling{table: t}, err
}

func (c *checker) nothing() error {
	where := strings.Join(c.stage.Source, ", ")
	if c.seen == 0 {
		return fmt.Errorf("no images found in %s (want %s files)", where, imagefile.Titles())
	}
	return fmt.Errorf("none of the %d images in %s can be used; the first: %s: %s (%s)", c.seen, where, c.first.Name, c.first.Reason, c.first.Detail)
}
