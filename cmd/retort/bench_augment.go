package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/synth"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/transforms/views"
	"github.com/retort-ml/retort/transforms/views/augment"
)

func benchAugment() *cobra.Command {
	var f benchFlags
	var images []string
	var size, passes, limit int
	var exact bool
	cmd := &cobra.Command{
		Use:   "augment",
		Short: "SimCLR views per second, from encoded images",
		Long: `Measure how many augmented views a second come out of encoded images: decode an
image, then draw and render two views a pass. Images are read into memory first.
Without --images, made-up JPEGs of the size are used. The views are those of
pretraining; up to 32 pixels at strength 0.5, as the CIFAR presets have it.`,
		Example: `  taskset -c 0 retort bench augment --images imagenette.tar --size 224 --passes 1 --cores 1
  retort bench augment --images photos/ --size 224 --passes 10 --json`,
		Args: noArguments(" (images are given with --images)"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, v := range []struct {
				name           string
				value, lo, top int
			}{{"size", size, 8, 1024}, {"passes", passes, 1, 10000}, {"limit", limit, 1, 1 << 30}} {
				if v.value < v.lo || v.value > v.top {
					return usage("--%s %d: want %d to %d", v.name, v.value, v.lo, v.top)
				}
			}
			duration, err := f.start()
			if err != nil {
				return err
			}
			encoded, err := encodedImages(cmd.Context(), images, size, limit)
			if err != nil {
				return err
			}
			view := augment.Pretrain(size)
			if size <= 32 {
				view.Strength = 0.5 // as the CIFAR presets have it
			}
			b := augmentBench{views: []augment.Config{view, view}, passes: passes, exact: exact, encoded: encoded}
			for _, data := range encoded { // ingest has them when views are made
				b.ids = append(b.ids, imagefile.IDOf(data))
			}
			rate, err := b.measure(cmd.Context(), f.cores, duration)
			if err != nil {
				return err
			}
			return f.show(figure{"images", len(encoded)}, figure{"size", size}, figure{"passes", passes}, figure{"exact", exact},
				figure{"instructions", augment.Instructions()}, figure{"views_per_s", rate.wall}, figure{"views_per_cpu_s", rate.cpu})
		},
	}
	pathsVar(cmd.Flags(), &images, "images", "folder or archive of images")
	cmd.Flags().IntVar(&size, "size", 224, "side of a view in pixels")
	cmd.Flags().IntVar(&passes, "passes", 1, "pairs of views out of one decode")
	cmd.Flags().IntVar(&limit, "limit", 1000, "use so many images at most")
	cmd.Flags().BoolVar(&exact, "exact", false, "always decode at full size")
	f.register(cmd, 1)
	return cmd
}

// encodedImages reads images into memory, made-up ones where no source is given.
func encodedImages(ctx context.Context, sources []string, size, limit int) ([][]byte, error) {
	if len(sources) == 0 {
		dir, err := os.MkdirTemp("", "retort-bench-*")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		const classes = 10
		err = synth.Generate(dir, synth.Options{Classes: classes, PerClass: max(1, min(limit, 200)/classes), Size: max(size, 16)})
		if err != nil {
			return nil, err
		}
		sources = []string{dir}
	}
	loaded, err := loadImages(ctx, sources, limit)
	if err != nil {
		return nil, err
	}
	var encoded [][]byte
	for _, l := range loaded {
		if l.err != nil {
			return nil, fmt.Errorf("%s: %w (take it out of --images)", l.name, l.err)
		}
		encoded = append(encoded, l.data)
	}
	return encoded, nil
}

type augmentBench struct {
	views   []augment.Config
	passes  int
	exact   bool
	encoded [][]byte
	ids     []imagefile.ID
}

// measure is the rate of views on so many goroutines.
func (b *augmentBench) measure(ctx context.Context, cores int, duration time.Duration) (rate, error) {
	if err := b.work(0, new(augmentScratch)); err != nil { // also warms up
		return rate{}, err
	}
	_, speed, err := atOnce(ctx, cores, duration, func() func(int) (int, error) {
		scratch := new(augmentScratch)
		return func(i int) (int, error) { return b.passes * len(b.views), b.work(i, scratch) }
	})
	return speed, err
}

// augmentScratch is what one goroutine keeps from image to image.
type augmentScratch struct {
	sources  views.Sources
	recipes  []augment.Recipe
	scales   []int
	pixels   []uint8
	renderer augment.Renderer
}

// work makes all views of one image, as the views stage does.
func (b *augmentBench) work(i int, s *augmentScratch) error {
	at := i % len(b.encoded)
	info, err := imagefile.DecodeConfig(b.encoded[at])
	if err != nil {
		return err
	}
	s.recipes = s.recipes[:0]
	for pass := range b.passes {
		for v := range b.views {
			key := augment.Key{Seed: uint64(i), Image: b.ids[at], Pass: pass, View: v}
			s.recipes = append(s.recipes, augment.Draw(&b.views[v], info.Width, info.Height, key))
		}
	}
	if s.scales = s.scales[:0]; b.exact {
		s.scales = append(s.scales, slices.Repeat([]int{1}, len(s.recipes))...)
	} else {
		s.scales = augment.Scales(s.scales, info.Width, info.Height, b.views, s.recipes)
	}
	if err := s.sources.Decode(b.encoded[at], s.recipes, s.scales, imagefile.Options{}); err != nil {
		return err
	}
	for j, recipe := range s.recipes {
		cfg := &b.views[j%len(b.views)]
		if n := 3 * cfg.Size * cfg.Size; len(s.pixels) < n {
			s.pixels = make([]uint8, n)
		}
		if err := s.renderer.Render(s.pixels[:3*cfg.Size*cfg.Size], cfg, s.sources.At(s.scales[j]), recipe); err != nil {
			return err
		}
	}
	return nil
}
