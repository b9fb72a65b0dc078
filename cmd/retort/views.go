package main

import (
	"fmt"
	"image"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/didyoumean"
	"github.com/retort-ml/retort/internal/stdio"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/pipelines/simclrv2"
	"github.com/retort-ml/retort/runners/progress"
	"github.com/retort-ml/retort/transforms/views"
	"github.com/retort-ml/retort/transforms/views/augment"
	"github.com/retort-ml/retort/transforms/views/augment/sheet"
)

func viewsCommand() *cobra.Command {
	return group("views", "Show what augmentation does to images",
		`  retort views show photos/ --out sheet.png`, viewsShow())
}

// viewsFlags say what a contact sheet shows.
type viewsFlags struct {
	out, preset         string
	size, passes, limit int
	strength            float64
	sets                []string
	seed                uint64
	exact               bool
}

func viewsShow() *cobra.Command {
	var f viewsFlags
	cmd := &cobra.Command{
		Use:   "show IMAGES…",
		Short: "Draw a contact sheet: originals with crop boxes, and their views",
		Long: `Draw a contact sheet: a row for each image, the original with the crop boxes of
its views first, then the views, each with the recipe that made it. They are the
views that a run with the same seed makes.

The presets:
` + viewPresetTable() + `

Operations that all of them leave off, and their settings:
` + extraTable(),
		Example: `  retort views show photos/ --out sheet.png
  retort views show cifar10.tar --size 32 --strength 0.5 --passes 3
  retort views show photo.jpg --preset dino
  retort views show photos/ --set ` + extraKeys()[0] + `=1`,
		Args: someArguments("images: files, folders, archives or lists of paths"),
		RunE: func(cmd *cobra.Command, args []string) error { return f.show(cmd, args) },
	}
	flags := cmd.Flags()
	placeVar(flags, &f.out, "out", "sheet.png", "PNG file to write")
	flags.StringVar(&f.preset, "preset", "simclrv2", "which views: "+strings.Join(viewPresets(), ", "))
	flags.IntVar(&f.size, "size", 0, "side of a view in pixels (0: the preset's own)")
	flags.IntVar(&f.passes, "passes", 2, "how often the preset's views are drawn of each image")
	flags.IntVar(&f.limit, "limit", 6, "show so many images at most")
	flags.Float64Var(&f.strength, "strength", 0, "of the colour jitter, up to 1.25 (0: the preset's own)")
	flags.StringArrayVar(&f.sets, "set", nil, "key=value, a setting of an operation that the presets leave off; can be given more than once")
	flags.Uint64Var(&f.seed, "seed", 1, "another seed draws other views")
	flags.BoolVar(&f.exact, "exact", false, "decode large photos at full size, as views.exact does")
	return inStores(cmd)
}

func viewPresets() (names []string) {
	for _, p := range augment.Presets {
		names = append(names, p.Name)
	}
	return names
}

func viewPresetTable() string {
	var b strings.Builder
	for _, p := range augment.Presets {
		fmt.Fprintf(&b, "  %-12s %s\n", p.Name, p.Doc)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// extraTable lists the operations that are off in every preset.
func extraTable() string {
	var b strings.Builder
	for _, op := range augment.Operations() {
		if op.Tag == 0 {
			continue
		}
		fmt.Fprintf(&b, "  %-12s %s\n", op.Name, op.Doc)
		for _, s := range op.Settings {
			fmt.Fprintf(&b, "    %-18s %s (%s)\n", s.Key, s.Doc, s.Range)
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func extraKeys() (keys []string) {
	for _, op := range augment.Operations() {
		for _, s := range op.Settings {
			if op.Tag > 0 {
				keys = append(keys, s.Key)
			}
		}
	}
	return keys
}

// extras are what --set says, as a run's config understands it.
func (f *viewsFlags) extras() (augment.Extras, error) {
	var sets []string
	for _, set := range f.sets {
		own := strings.TrimPrefix(set, "views.")
		if key, _, _ := strings.Cut(own, "="); !slices.Contains(extraKeys(), key) {
			return augment.Extras{}, usage("--set %s: unknown key %q%s", set, key, didyoumean.Hint(key, extraKeys()))
		}
		sets = append(sets, "views."+own)
	}
	c, err := simclrv2.Load("", "", sets)
	if err != nil {
		return augment.Extras{}, usageError{err}
	}
	return c.Views.Used(), nil
}

// configs are the views of the flags' preset.
func (f *viewsFlags) configs() ([]augment.Config, error) {
	preset, ok := augment.PresetByName(f.preset)
	if !ok {
		return nil, usage("--preset %q: want one of %s%s", f.preset, strings.Join(viewPresets(), ", "), didyoumean.Hint(f.preset, viewPresets()))
	}
	if f.passes < 1 || f.passes > 100 {
		return nil, usage("--passes %d: want 1 to 100", f.passes)
	}
	if f.limit < 1 || f.limit > 100 {
		return nil, usage("--limit %d: want 1 to 100", f.limit)
	}
	extras, err := f.extras()
	if err != nil {
		return nil, err
	}
	configs := preset.Views(f.size)
	for i := range configs {
		c := &configs[i]
		if f.size != 0 && c.Size != f.size {
			return nil, usage("--size %d: the sizes of preset %s are fixed (%s)", f.size, preset.Name, preset.Doc)
		}
		if f.strength != 0 {
			c.Strength = f.strength
		}
		c.Extras = extras
		if err := c.Validate(); err != nil {
			return nil, usageError{err}
		}
	}
	return configs, nil
}

func (f *viewsFlags) show(cmd *cobra.Command, sources []string) error {
	configs, err := f.configs()
	if err != nil {
		return err
	}
	images, err := loadImages(cmd.Context(), sources, f.limit)
	if err != nil {
		return err
	}
	var rows []sheet.Row
	for _, img := range images {
		row, err := f.row(configs, img)
		if err != nil {
			fmt.Fprintf(stdio.Err, "%s: left out: %v\n", img.name, err)
			continue
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return fmt.Errorf("none of the images can be decoded")
	}
	if err := blob.WriteFile(f.out, func(w io.Writer) error { return sheet.Encode(w, rows) }); err != nil {
		return err
	}
	fmt.Fprintf(stdio.Err, "%s: %s, %s of each\n", f.out,
		progress.Plural(int64(len(rows)), "image"), progress.Plural(int64(len(rows[0].Views)), "view"))
	if left := len(images) - len(rows); left > 0 {
		return fmt.Errorf("%d of %s left out", left, progress.Plural(int64(len(images)), "image"))
	}
	return nil
}

// row renders all views of one image, as the views stage does.
func (f *viewsFlags) row(configs []augment.Config, img loadedImage) (sheet.Row, error) {
	row := sheet.Row{Title: img.name}
	if img.err != nil {
		return row, img.err
	}
	info, err := imagefile.DecodeConfig(img.data)
	if err != nil {
		return row, err
	}
	if row.Original, err = views.Decode(img.data, image.Rectangle{}, augment.Scale(info.Width, info.Height, augment.Eval(sheet.Side)), 0, nil); err != nil {
		return row, err
	}
	var recipes []augment.Recipe
	for pass := range f.passes {
		for v := range configs {
			key := augment.Key{Seed: f.seed, Image: imagefile.IDOf(img.data), Pass: pass, View: v}
			recipes = append(recipes, augment.Draw(&configs[v], info.Width, info.Height, key))
		}
	}
	scales := slices.Repeat([]int{1}, len(recipes))
	if !f.exact {
		scales = augment.Scales(nil, info.Width, info.Height, configs, recipes)
	}
	var sources views.Sources
	if err := sources.Decode(img.data, recipes, scales, imagefile.Options{}); err != nil {
		return row, err
	}
	for i, recipe := range recipes {
		c := &configs[i%len(configs)]
		view := sheet.View{Pix: make([]uint8, 3*c.Size*c.Size), Size: c.Size, Recipe: recipe}
		if err := augment.Render(view.Pix, c, sources.At(scales[i]), recipe); err != nil {
			return row, err
		}
		row.Views = append(row.Views, view)
	}
	return row, nil
}
