package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/stdio"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/model/tfcheckpoint"
	"github.com/retort-ml/retort/model/torchvision"
	"github.com/retort-ml/retort/runners/progress"
)

func checkpointImport() *cobra.Command {
	var o tfcheckpoint.Options
	var level int
	var classes string
	var unit bool
	cmd := &cobra.Command{
		Use:   "import IN OUT.safetensors",
		Short: "Make a checkpoint of Google's SimCLR or SimCLRv2, or of torchvision's ResNets",
		Long: `Make a checkpoint of one that Google's implementation of SimCLR or SimCLRv2 saved:
of TF1, such as the released ones, of TF2, or the variables of a SavedModel. IN is
its folder, or what its files' names begin with (model.ckpt-250228). Every tensor
is verified; the network is recognised by its variables.

The encoder and its projection head are taken over; "retort run --encoder OUT"
begins at fine-tuning with them. With --classifier the supervised head is, too:
"retort predict" classifies with what comes out.

An IN that ends in .safetensors holds one of torchvision's ResNets, by its names for
tensors: the encoder, and of what "retort checkpoint export" wrote the projection
head, are taken over; a classifier is not. It is a start for "--encoder",
baseline.init and distill.init: what it computes differs a little from
torchvision's, and the notes that are printed say where.`,
		Example: `  retort checkpoint import r50_1x_sk1/ r50.safetensors
  retort run --encoder r50.safetensors --images photos/ --labels labels.csv --out runs/photos

  # torchvision's, as safetensors
  retort checkpoint import resnet50-torchvision.safetensors start.safetensors

  # one that was fine-tuned on level 1 of the projection head, as the paper does
  retort checkpoint import --classifier 1 --classes imagenet.txt finetuned_100pct/r50_1x_sk1/ r50-classifier.safetensors`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage("%s needs a checkpoint and the file to write", cmd.CommandPath())
			}
			return pathArguments(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			o.Classifier, o.Selector = cmd.Flags().Changed("classifier"), level
			switch {
			case o.Classifier && level < 0:
				return usage("--classifier %d: want 0 (on the encoder's output) or the layer of the projection head that it sits on", level)
			case classes != "" && !o.Classifier:
				return usage("--classes %s names the outputs of a classifier: give --classifier too", classes)
			case o.ImageSize != 0 && (o.ImageSize < 4 || o.ImageSize > 4096):
				return usage("--image-size %d: want 4 to 4096 pixels", o.ImageSize)
			}
			if err := isNew(args[1], ".safetensors"); err != nil {
				return err
			}
			if classes != "" {
				if o.Classes, err = lines(classes); err != nil {
					return err
				}
			}
			if strings.HasSuffix(args[0], ".safetensors") {
				if o.Classifier || o.EMA {
					return usage("--classifier and --ema are for TensorFlow's checkpoints; of %s the encoder is imported", args[0])
				}
				return importTorchvision(args[0], args[1], torchvision.Options{UnitPixels: unit, ImageSize: o.ImageSize})
			}
			if unit {
				return usage("--unit-pixels is for torchvision's .safetensors")
			}
			return importCheckpoint(cmd.Context(), args[0], args[1], o)
		},
	}
	cmd.Flags().BoolVar(&o.EMA, "ema", false, "take the moving averages of the weights in place of the weights")
	cmd.Flags().IntVar(&level, "classifier", 0, "keep the supervised head, which sits on this layer of the projection head (0: on the encoder's output)")
	placeVar(cmd.Flags(), &classes, "classes", "", "file with the names of the classifier's classes, one a line, in order (default: their numbers)")
	cmd.Flags().IntVar(&o.ImageSize, "image-size", 0, "side of the images in pixels (default: 32 or 224, by the network's stem)")
	cmd.Flags().BoolVar(&unit, "unit-pixels", false, "torchvision's: it was trained on pixels of 0 to 1, not normalised by ImageNet's mean and deviation")
	return inStores(cmd)
}

func importTorchvision(in, out string, o torchvision.Options) error {
	c, told, err := torchvision.Import(in, o)
	if err != nil {
		return err
	}
	if err := blob.WriteFile(out, c.Encode); err != nil {
		return err
	}
	s := told.Spec
	fmt.Fprintf(stdio.Err, "%s: %s for %d pixels, %d layers of projection head: %s values\n", out, s.Arch, s.ImageSize, s.HeadLayers, progress.Count(c.Params()))
	for _, note := range told.Notes {
		fmt.Fprintf(stdio.Err, "note: %s\n", note)
	}
	if told.Outputs > 0 {
		fmt.Fprintf(stdio.Err, "left out: a classifier of %d classes\n", told.Outputs)
	}
	if len(told.Left) > 0 {
		fmt.Fprintf(stdio.Err, "not taken over: %s, such as %s\n", progress.Plural(int64(len(told.Left)), "tensor"), told.Left[0])
	}
	return nil
}

func importCheckpoint(ctx context.Context, from, out string, o tfcheckpoint.Options) error {
	in, remove, err := fetched(ctx, from)
	if err != nil {
		return err
	}
	defer remove()
	c, told, err := tfcheckpoint.Import(in, o)
	if err != nil {
		return err
	}
	if err := blob.WriteFile(out, c.Encode); err != nil {
		return err
	}
	s := told.Spec
	fmt.Fprintf(stdio.Err, "%s: %s for %d pixels, %d layers of projection head, step %d: %s values\n", out, s.Arch, s.ImageSize, s.HeadLayers, c.Step, progress.Count(c.Params()))
	switch {
	case o.Classifier:
		fmt.Fprintf(stdio.Err, "classifier: %d classes, on level %d of the projection head\n", s.Classes, s.Selector)
	case told.Outputs > 0:
		fmt.Fprintf(stdio.Err, "left out: a supervised head of %d classes (--classifier LEVEL keeps it)\n", told.Outputs)
	}
	if len(told.Left) > 0 {
		fmt.Fprintf(stdio.Err, "not taken over: %s, such as %s\n", progress.Plural(int64(len(told.Left)), "tensor"), told.Left[0])
	}
	return nil
}

// ends reports whether a path, or an address without its settings, ends so.
func ends(path, ending string) bool {
	path, _ = blob.CutSettings(path)
	return strings.HasSuffix(path, ending)
}

// isNew refuses to write over a file, and names that end otherwise.
func isNew(path string, endings ...string) error {
	fits := false
	for _, e := range endings {
		fits = fits || ends(path, e)
	}
	if !fits {
		return usage("%s: want a file name that ends in %s", path, strings.Join(endings, " or "))
	}
	if blob.Scheme(path) != "" {
		f, err := blob.OpenFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			f.Close()
			err = fmt.Errorf("%s: there is an object of that name already; remove it, or give another name", path)
		}
		return err
	}
	switch _, err := os.Lstat(path); {
	case err == nil:
		return fmt.Errorf("%s: there is a file of that name already; remove it, or give another name", path)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return nil
}

// lines reads the lines of a text file; empty ones at its end do not count.
func lines(path string) ([]string, error) {
	f, err := blob.OpenFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []string
	for s := bufio.NewScanner(f); ; {
		if !s.Scan() {
			return trimEmpty(all), s.Err()
		}
		all = append(all, strings.TrimSpace(s.Text()))
	}
}

func trimEmpty(all []string) []string {
	for len(all) > 0 && all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	return all
}
