package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/stdio"
	"github.com/retort-ml/retort/internal/synth"
	"github.com/retort-ml/retort/runners/progress"
)

func synthCommand() *cobra.Command {
	o := synth.Options{}.WithDefaults()
	var out, format string
	cmd := &cobra.Command{
		Use:   "synth",
		Short: "Make a small labelled image set to try things on",
		Long: `Make a small labelled image set: every class is a shape that is drawn in chance
colours, sizes, places and noise, in a folder named after it. The same flags
give the same bytes. A folder that holds the set already is left as it is.`,
		Example: `  # 10 classes, 200 images of each
  retort synth --out shapes

  # larger, with a test split, as two archives
  retort synth --out shapes --classes 5 --per-class 1000 --test 100 --size 64 --tar`,
		Args: noArguments(" (the folder is given with --out)"),
		RunE: func(*cobra.Command, []string) error {
			o.Format = synth.Format(format)
			if err := o.Check(); err != nil {
				return usageError{err}
			}
			if err := synth.Generate(out, o); err != nil {
				return err
			}
			fmt.Fprintf(stdio.Err, "%s: %s of %d classes, %d x %d pixels\n", out,
				progress.Plural(int64(o.Classes*(o.PerClass+o.Test)), "image"), o.Classes, o.Size, o.Size)
			return nil
		},
	}
	flags := cmd.Flags()
	pathVar(flags, &out, "out", "shapes", "folder to make")
	flags.IntVar(&o.Classes, "classes", o.Classes, fmt.Sprintf("number of classes, 2 to %d", synth.MaxClasses))
	flags.IntVar(&o.PerClass, "per-class", o.PerClass, "images of each class")
	flags.IntVar(&o.Test, "test", 0, "further images of each class, in a split of their own")
	flags.IntVar(&o.Size, "size", o.Size, "width and height in pixels")
	flags.Uint64Var(&o.Seed, "seed", 0, "another seed gives other images of the same classes")
	flags.StringVar(&format, "format", string(synth.JPEG), "jpeg or png")
	flags.BoolVar(&o.Tar, "tar", false, "one .tar a split instead of folders")
	return cmd
}
