package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/didyoumean"
	"github.com/retort-ml/retort/internal/stdio"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/export"
)

func checkpointExport() *cobra.Command {
	var input string
	cmd := &cobra.Command{
		Use:   "export CHECKPOINT OUT",
		Short: "Write a network as ONNX, or as safetensors with torchvision's names",
		Long: `Write the network of a checkpoint for other programs. The ending of OUT says how.

  .onnx         the whole computation (opset 17), for any number of images. The input
                "images" is what --input says; outputs are "features" and the "logits"
                of a classifier or the "projection" of an encoder. The metadata hold
                the classes, and the temperature that logits are to be divided by.
  .safetensors  the weights, with the names and layouts of torchvision's ResNets. Of
                networks with selective kernels torchvision has none.

A folder stands for the checkpoint in it.`,
		Example: `  # the student, for pixels as they come from a decoder
  retort checkpoint export runs/demo/distill student.onnx

  # whole photos: crop and scaling are in the graph
  retort checkpoint export --input photo runs/demo/distill student.onnx

  # the encoder, for PyTorch (see examples/pytorch/load.py)
  retort checkpoint export runs/demo/pretrain encoder.safetensors`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage("%s needs a checkpoint and the file to write", cmd.CommandPath())
			}
			return pathArguments(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(export.Inputs, input) {
				return usage("--input %s: want one of %s%s", input, strings.Join(export.Inputs, ", "), didyoumean.Near(input, export.Inputs))
			}
			if err := isNew(args[1], ".onnx", ".safetensors"); err != nil {
				return err
			}
			if cmd.Flags().Changed("input") && !ends(args[1], ".onnx") {
				return usage("--input %s: safetensors hold weights alone; only an .onnx has an input", input)
			}
			return exportCheckpoint(args[0], args[1], export.Options{Input: input})
		},
	}
	cmd.Flags().StringVar(&input, "input", export.UInt8, "of ONNX: uint8 (pixels, NHWC), float (0 to 1, NCHW) or photo (uint8 photos of any size, NHWC; crop and scaling are in the graph)")
	return inStores(cmd)
}

func exportCheckpoint(from, to string, o export.Options) error {
	path, err := checkpointIn(from)
	if err != nil {
		return err
	}
	c, err := checkpoint.Load(path)
	if err != nil {
		return err
	}
	fill := func(w io.Writer) error { return export.Torchvision(w, c) }
	if ends(to, ".onnx") {
		fill = func(w io.Writer) error { return export.ONNX(w, c, o) }
	}
	if err := blob.WriteFile(to, fill); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	fmt.Fprintf(stdio.Err, "%s: written from %s\n", to, path)
	return nil
}
