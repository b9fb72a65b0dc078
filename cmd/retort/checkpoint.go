package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/stdio"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/runners/progress"
)

func checkpointCommand() *cobra.Command {
	return group("checkpoint", "Look into checkpoints, import those of others, export ours", `  retort checkpoint show runs/demo/distill
  retort checkpoint import r50_1x_sk1/ r50.safetensors
  retort checkpoint export runs/demo/distill student.onnx`,
		checkpointShow(), checkpointImport(), checkpointExport())
}

func checkpointShow() *cobra.Command {
	var asJSON, tensors bool
	cmd := &cobra.Command{
		Use:   "show CHECKPOINT",
		Short: "Show what a checkpoint holds: network, step, metrics, tensors",
		Long: `Show what a checkpoint holds. It is read whole and every checksum verified. A
folder stands for the checkpoint in it, the latest where there are several.`,
		Example: `  retort checkpoint show runs/demo/distill
  retort checkpoint show --tensors runs/demo/pretrain
  retort checkpoint show --json runs/demo/distill | jq .params`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("%s needs one checkpoint (a file, or a stage's folder)", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			path, err := checkpointIn(args[0])
			if err != nil {
				return err
			}
			c, err := checkpoint.Load(path)
			if err != nil {
				return err
			}
			if asJSON {
				return showCheckpointJSON(stdio.Out, path, c)
			}
			return showCheckpoint(stdio.Out, path, c, tensors)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as one JSON object")
	cmd.Flags().BoolVar(&tensors, "tensors", false, "list all tensors with their shapes")
	return inStores(cmd)
}

// checkpointIn is the checkpoint that a path stands for: the file itself, or
// the latest in a folder.
func checkpointIn(path string) (string, error) {
	if blob.Scheme(path) != "" {
		return stored(path)
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("no checkpoint: %w", err)
	}
	if !info.IsDir() {
		return path, nil
	}
	found, err := filepath.Glob(filepath.Join(globEscape(path), "*.safetensors"))
	if err != nil || len(found) == 0 {
		if theirs, _ := filepath.Glob(filepath.Join(globEscape(path), "*.index")); len(theirs) > 0 {
			return "", fmt.Errorf("%s: a TensorFlow checkpoint lies in this folder; make one of this program of it with: retort checkpoint import %s OUT.safetensors", path, path)
		}
		return "", fmt.Errorf("%s: no checkpoint (*.safetensors) lies in this folder; those of a run are in RUN/pretrain, RUN/finetune, RUN/baseline and RUN/distill", path)
	}
	slices.SortFunc(found, func(a, b string) int { return rank(filepath.Base(a)) - rank(filepath.Base(b)) })
	return found[len(found)-1], nil
}

// rank orders a folder's checkpoints: steps in order, then the best, then a
// final one of any other name.
func rank(name string) int {
	var step int
	if n, _ := fmt.Sscanf(name, "step-%d.safetensors", &step); n == 1 {
		return step
	}
	if name == "best.safetensors" {
		return 1 << 61
	}
	return 1 << 62
}

func globEscape(path string) string {
	return strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`, `\`, `\\`).Replace(path)
}

func showCheckpoint(w io.Writer, path string, c *checkpoint.Checkpoint, tensors bool) error {
	fingerprint, err := c.Fingerprint()
	if err != nil {
		return err
	}
	var spec bytes.Buffer
	if err := json.Indent(&spec, c.Spec, "", "  "); err != nil {
		spec.Reset()
		spec.Write(c.Spec)
	}
	fmt.Fprintf(w, "%s\nsha256      %s\nstep        %d\nseed        %d\nweights     %s values in %d tensors\noptimiser   %d tensors\n",
		path, fingerprint, c.Step, c.Seed, progress.Count(c.Params()), len(c.Weights), len(c.Optimizer))
	if len(c.Classes) > 0 {
		fmt.Fprintf(w, "classes     %d: %s\n", len(c.Classes), strings.Join(c.Classes, ", "))
	}
	if t, ok := c.Meta[train.TemperatureKey]; ok {
		fmt.Fprintf(w, "temperature %s\n", t)
	}
	shown := figuresOf(c)
	for _, name := range slices.Sorted(maps.Keys(c.Metrics)) {
		fmt.Fprintf(w, "%-11s %.6g\n", cmp.Or(shown[name], name), c.Metrics[name])
	}
	fmt.Fprintf(w, "spec        %s\n", spec.String())
	if tensors {
		for _, t := range slices.Concat(c.Weights, c.Optimizer) {
			fmt.Fprintf(w, "%-60s %v\n", t.Name, t.Shape)
		}
	}
	return nil
}

// figuresOf are what people read for the metrics of a checkpoint, by name: the
// "accuracy" of a student is its agreement with the teacher.
func figuresOf(c *checkpoint.Checkpoint) map[string]string {
	var spec train.Spec
	if json.Unmarshal(c.Spec, &spec) != nil {
		return nil
	}
	shown := map[string]string{}
	for _, f := range spec.Figures() {
		shown[f.Name] = f.Shown()
	}
	return shown
}

func showCheckpointJSON(w io.Writer, path string, c *checkpoint.Checkpoint) error {
	fingerprint, err := c.Fingerprint()
	if err != nil {
		return err
	}
	type tensor struct {
		Name  string `json:"name"`
		Shape []int  `json:"shape"`
	}
	out := struct {
		Path   string `json:"path"`
		SHA256 string `json:"sha256"`
		checkpoint.State
		Figures map[string]string `json:"figures,omitempty"` // what the names of the metrics mean
		Params  int64             `json:"params"`
		Tensors []tensor          `json:"tensors"`
	}{Path: path, SHA256: fingerprint, State: c.State, Figures: figuresOf(c), Params: c.Params()}
	for _, t := range c.Weights {
		out.Tensors = append(out.Tensors, tensor{t.Name, t.Shape})
	}
	return json.NewEncoder(w).Encode(out)
}
