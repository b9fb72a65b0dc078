package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/stdio"
	"github.com/retort-ml/retort/io/embedding"
	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/runners/progress"
	"github.com/retort-ml/retort/transforms/evaluate"
)

func embedCommand() *cobra.Command {
	var f embedFlags
	cmd := &cobra.Command{
		Use:   "embed --checkpoint CHECKPOINT IMAGES…",
		Short: "Features of images, for NumPy, Parquet, TensorFlow and TensorBoard's projector",
		Long: `Compute what a trained network makes of images: the encoder's features, or with
--layer the output of a layer of its projection head. They go, in the order of the
listing, to a file whose name says the format:

  FILE.npy        an array (images, features), float32 or --dtype float16; which image
                  a row is of stands in FILE.npy.csv
  FILE.parquet    columns id, path, uri, class and feature (a list of floats)
  FILE.tfrecord   tf.train.Examples with image/id, image/path, image/uri, image/class
                  and feature

without --out, to stdout as JSON lines. --projector makes a folder for
"tensorboard --logdir". Memory hardly grows with the number of images: a hash of each
name is kept. An image that cannot be read is named on stderr with the reason, has no
row, and makes the exit code 1; with JSON lines it has a line.`,
		Example: `  # features of the pretrained encoder
  retort embed --checkpoint runs/demo/pretrain --out features.npy photos/

  # after the first layer of the projection head, and a look at them
  retort embed --checkpoint runs/demo/pretrain --layer 1 --out h1.parquet --projector look photos.tar
  tensorboard --logdir look`,
		Args: someArguments("images (a folder, an archive, a list of paths or single files)"),
		RunE: func(cmd *cobra.Command, args []string) error { return f.embed(cmd, args) },
	}
	flags := cmd.Flags()
	placeVar(flags, &f.checkpoint, "checkpoint", "", "checkpoint of a network: a file, or the folder of pretrain, finetune, baseline or distill")
	pathVar(flags, &f.out, "out", "", "file to write: .npy, .parquet or .tfrecord")
	pathVar(flags, &f.projector, "projector", "", "folder to make for TensorBoard's projector")
	flags.IntVar(&f.points, "projector-points", 5000, "images that the projector shows, the first ones")
	flags.StringVar(&f.layer, "layer", "0", "0: the encoder's features, 1: after the first layer of the projection head, …, last")
	flags.StringVar(&f.dtype, "dtype", "float32", "of .npy: float32 or float16")
	flags.IntVar(&f.batch, "batch", 64, "images computed at once")
	f.compute.registerBackend(flags)
	f.compute.registerPrecision(flags, "of the network", backend.Precisions())
	return inStores(cmd)
}

type embedFlags struct {
	checkpoint, out, projector, layer, dtype string
	points, batch                            int
	compute                                  computeFlags
}

func (f *embedFlags) embed(cmd *cobra.Command, images []string) error {
	computes, err := f.check(cmd)
	if err != nil {
		return err
	}
	path, err := checkpointIn(f.checkpoint)
	if err != nil {
		return err
	}
	layer, err := f.level(path)
	if err != nil {
		return err
	}
	e := &embedder{flags: f}
	defer e.discard()
	err = evaluate.Embed(cmd.Context(), computes, path, images, f.batch, layer, e.begin, e.write, note)
	return cmp.Or(err, cmd.Context().Err(), e.commit())
}

func (f *embedFlags) check(cmd *cobra.Command) (computes string, err error) {
	switch {
	case f.checkpoint == "":
		return "", usage("%s needs --checkpoint: a file, or a stage's folder such as RUN/pretrain", cmd.CommandPath())
	case f.batch < 1 || f.batch > 65536:
		return "", usage("--batch %d: want 1 to 65536", f.batch)
	case f.dtype != "float32" && f.dtype != "float16":
		return "", usage("--dtype %s: want float32 or float16", f.dtype)
	case f.dtype == "float16" && f.out == "":
		return "", usage("--dtype float16 is for --out FILE.npy")
	case f.points < 1 || f.points > embedding.MostPoints:
		return "", usage("--projector-points %d: want 1 to %d", f.points, embedding.MostPoints)
	}
	if f.out != "" {
		if err := embedding.Check(f.out, f.options()); err != nil {
			return "", usage("--out: %w", err)
		}
	}
	return f.compute.name()
}

func (f *embedFlags) options() embedding.Options {
	return embedding.Options{Half: f.dtype == "float16"}
}

// level is the number of --layer.
func (f *embedFlags) level(path string) (int, error) {
	if f.layer != "last" {
		n, err := strconv.Atoi(f.layer)
		if err != nil || n < 0 {
			return 0, usage("--layer %s: want 0, 1, 2, … or last", f.layer)
		}
		return n, nil
	}
	c, err := checkpoint.Load(path)
	if err != nil {
		return 0, err
	}
	return train.HeldLayers(c)
}

// embedder hands rows to all that is written.
type embedder struct {
	flags     *embedFlags
	names     names
	writers   []embedding.Writer
	lines     *bufio.Writer // JSON, without --out
	json      *json.Encoder
	size      int
	good, bad int64
}

func (e *embedder) begin(dim, size int) error {
	e.size = size
	if e.flags.out != "" {
		w, err := embedding.Create(e.flags.out, dim, e.flags.options())
		if err != nil {
			return err
		}
		e.writers = append(e.writers, w)
	}
	if e.flags.projector != "" {
		w, err := embedding.CreateProjector(e.flags.projector, e.flags.points, dim)
		if err != nil {
			return err
		}
		e.writers = append(e.writers, w)
	}
	if len(e.writers) == 0 {
		e.lines = bufio.NewWriter(stdio.Out)
		e.json = json.NewEncoder(e.lines)
		e.json.SetEscapeHTML(false)
	}
	return nil
}

// embeddingJSON is a line of stdout.
type embeddingJSON struct {
	Path    string    `json:"path"` // that of no other line
	URI     string    `json:"uri"`
	ID      string    `json:"id,omitempty"`
	Class   string    `json:"class,omitempty"`
	Feature []float32 `json:"feature,omitempty"`
	Error   string    `json:"error,omitempty"`
}

func (e *embedder) write(x evaluate.Embedding) error {
	row := embedding.Row{Path: e.names.unique(x.Path), URI: x.URI, Class: x.Class, Vector: x.Vector, Pixels: x.Pixels, Side: e.size}
	line := embeddingJSON{Path: row.Path, URI: x.URI, Class: x.Class, Feature: x.Vector}
	e.good++
	if x.Err != nil {
		e.good, e.bad = e.good-1, e.bad+1
		line.Error = x.Err.Error()
		if e.json == nil {
			fmt.Fprintf(stdio.Err, "%s: %v\n", row.Path, x.Err)
			return nil
		}
	} else {
		row.ID = x.ID.String()
		line.ID = row.ID
	}
	if e.json != nil {
		return e.json.Encode(line)
	}
	for _, w := range e.writers {
		if err := w.Write(row); err != nil {
			return err
		}
	}
	return nil
}

func (e *embedder) commit() error {
	if e.lines != nil {
		if err := e.lines.Flush(); err != nil {
			return err
		}
	}
	if e.good > 0 {
		for _, w := range e.writers {
			if err := w.Commit(); err != nil {
				return err
			}
		}
	}
	switch {
	case e.bad == 0:
		return nil
	case e.good == 0:
		return fmt.Errorf("none of %s could be read", progress.Plural(e.bad, "image"))
	}
	return fmt.Errorf("%s embedded, %s could not be read", progress.Plural(e.good, "image"), progress.Plural(e.bad, "image"))
}

func (e *embedder) discard() {
	for _, w := range e.writers {
		w.Discard()
	}
}
