// Package views is the stage that precomputes augmented views: every image is
// decoded once, K passes of views are drawn from it, and TFRecord shards of
// tf.train.Example hold them, readable by TensorFlow and by any TFRecord reader.
//
// Every view is a pure function of (seed, image id, pass, view), so the shards
// are the same bytes on every runner, for any number of workers and retries.
package views

import (
	"context"
	"errors"
	"fmt"

	"github.com/retort-ml/retort/io/tfrecord"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/views/augment"
)

// Stage is the stage.
type Stage struct {
	// Views are the augmentations of one record: two for SimCLR, more for
	// multi-crop. They are stored under view/a, view/b, ….
	Views []augment.Config
	// Passes is K: how many records each image gives.
	Passes int
	Seed   uint64
	// Store is "pixels", or "recipe" for the numbers alone: the pixels are then
	// made again, the same to the bit, when the views are read.
	Store string
	// Format of stored pixels: "raw" (default) or "png".
	Format string
	// Compression of the shards.
	Compression tfrecord.Compression
	// ShardBytes is the aimed size of the views of one element, over all its
	// passes. Compressed shards and those of PNG are held in memory until they are
	// whole, so that it bounds the stage's memory. 0 is DefaultShardBytes.
	ShardBytes int64
	// Exact decodes every image at full size, as the reference does. Otherwise
	// crops of an image of which even the smallest has twice the pixels a side
	// that its view needs are decoded at half, a quarter or an eighth of their
	// size (augment.Scales): of photos of 3 megapixels and more, for views of 224
	// pixels.
	Exact bool
	// MaxPixels is the pixel limit of one image; 0 is imagefile's default.
	MaxPixels int64
}

func init() { pipelines.Register(&Stage{}) }

// StageVersion is 2 since shards hold whole blocks. At 1 some pictures began to be
// decoded otherwise: 32-bit BMPs without alpha, transparent gray of 16 bits, those
// that texts of a PNG turn.
func (s *Stage) StageVersion() int { return 2 }

// DefaultShardBytes is the default of Stage.ShardBytes.
const DefaultShardBytes = 64 << 20

// Meta is the kind-specific part of a Views artifact's manifest.
type Meta struct {
	Sizes  []int `json:"sizes"`  // side of each view of a record, in pixels
	Images int64 `json:"images"` // records per pass
	Passes int   `json:"passes"`
	Shards int   `json:"shards"` // files per pass; file p*Shards+s is shard s of pass p
	// Blocks are how many a pass is divided into, each a range of image ids. Where
	// there are fewer than Shards, a block lies in several files, one after the other.
	// 0 is as many as shards, as version 1 of the stage left them.
	Blocks  int      `json:"blocks,omitempty"`
	Store   string   `json:"store"`
	Classes []string `json:"classes"`
	// Views and MaxPixels are what replaying a recipe needs.
	Views     []augment.Config `json:"views"`
	MaxPixels int64            `json:"max_pixels,omitempty"`
	// Recipe is the version of the stored recipes; 0 is 1, which all have that apply
	// no operation beyond those of the first format.
	Recipe int `json:"recipe_version,omitempty"`
}

// Validate reports what is wrong with the config.
func (s *Stage) Validate() error {
	switch {
	case len(s.Views) == 0 || len(s.Views) > 26:
		return fmt.Errorf("Views = %d augmentations; want 1 to 26", len(s.Views))
	case s.Passes < 1:
		return fmt.Errorf("Passes = %d; want at least 1", s.Passes)
	case s.Store != "" && s.Store != "pixels" && s.Store != "recipe":
		return fmt.Errorf("Store = %q; want pixels or recipe", s.Store)
	case s.Format != "" && s.Format != "raw" && s.Format != "png":
		return fmt.Errorf("Format = %q; want raw or png", s.Format)
	case s.ShardBytes < 0:
		return fmt.Errorf("ShardBytes = %d; want at least 0", s.ShardBytes)
	}
	for i := range s.Views {
		if err := s.Views[i].Validate(); err != nil {
			return err
		}
	}
	return nil
}

// recordBytes is the size of one record's views in memory.
func (s *Stage) recordBytes() int64 {
	if s.Store == "recipe" {
		return besidePixels
	}
	return s.pixelBytes()
}

const besidePixels = 512 // of a record: id, recipe, keys

func (s *Stage) pixelBytes() int64 {
	var n int64 = besidePixels
	for _, v := range s.Views {
		n += 3 * int64(v.Size) * int64(v.Size)
	}
	return n
}

func (m *Meta) pixelBytes() int64 {
	var n int64 = besidePixels
	for _, size := range m.Sizes {
		n += 3 * int64(size) * int64(size)
	}
	return n
}

// Shards says how many elements the work splits into: as many as keep one
// within ShardBytes.
func (s *Stage) Shards(_ context.Context, in pipelines.Artifact[pipelines.Images], out *pipelines.Output[pipelines.Views]) (int, error) {
	warning, err := s.tooSmall(in)
	if warning != "" {
		out.Message("warning: " + warning)
	}
	return s.shards(count(in)), err
}

// shards are as many as blocks, or fewer of several each, or several to each block.
func (s *Stage) shards(images int64) int {
	most := s.ShardBytes
	if most == 0 {
		most = DefaultShardBytes
	}
	perShard := max(1, most/(s.recordBytes()*int64(s.Passes)))
	n, blocks := max(1, (images+perShard-1)/perShard), s.blocks(images)
	if n > blocks || s.Compression == tfrecord.Zlib { // which is one stream a file
		n = blocks * max(1, min((n+blocks-1)/blocks, images/blocks))
	}
	return int(n)
}

// Run writes what describes all shards together.
func (s *Stage) Run(_ context.Context, in pipelines.Artifact[pipelines.Images], out *pipelines.Output[pipelines.Views]) error {
	var images pipelines.ImagesMeta
	if err := in.Meta(&images); err != nil {
		return err
	}
	total := count(in)
	n := out.Counted("images")
	if n == 0 {
		return errors.New("none of the images could be decoded; see the quarantine")
	}
	if lost := total - n - out.Counted("quarantined"); lost != 0 {
		return fmt.Errorf("%d of %d images are neither written nor quarantined; this is a bug", lost, total)
	}
	warning, err := s.tooSmall(in) // for the report; people have read it before the views were made
	if err != nil {
		return err
	}
	if warning != "" {
		out.Note("warning: %s", warning)
	}
	meta := Meta{Images: n, Passes: s.Passes, Shards: s.shards(total), Blocks: int(s.blocks(total)),
		Store: s.Store, Classes: images.Classes, Views: s.Views, MaxPixels: s.MaxPixels}
	if meta.Store == "" {
		meta.Store = "pixels"
	}
	if meta.Store == "recipe" && augment.RoomFor(s.Views...) != 0 {
		meta.Recipe = augment.RecipeVersion
	}
	for _, v := range s.Views {
		meta.Sizes = append(meta.Sizes, v.Size)
	}
	return out.SetMeta(meta)
}
