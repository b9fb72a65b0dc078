package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/runners/progress"
	"github.com/retort-ml/retort/transforms/evaluate"
)

func predictCommand() *cobra.Command {
	var checkpoint, computes string
	var asJSON bool
	var batch int
	cmd := &cobra.Command{
		Use:   "predict --checkpoint CHECKPOINT IMAGES…",
		Short: "Classify images with a trained checkpoint",
		Long: `Classify images and write one line for each on stdout: CSV with a header, or
JSON with the probability of every class. An image that cannot be read has a
line too, with the reason in place of a class.`,
		Example: `  # with the distilled student of a run
  retort predict --checkpoint runs/demo/distill new-photos/ > classes.csv

  # as JSON lines, on the GPU
  retort predict --checkpoint runs/demo/finetune --json --backend xla:cuda photos.tar`,
		Args: someArguments("images (a folder, an archive, a list of paths or single files)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case checkpoint == "":
				return usage("%s needs --checkpoint: a file, or a stage's folder such as RUN/distill", cmd.CommandPath())
			case batch < 1 || batch > 65536:
				return usage("--batch %d: want 1 to 65536", batch)
			case !slices.Contains(backend.Names(), computes):
				return usage("--backend %s: want one of %s%s", computes, strings.Join(backend.Names(), ", "), nearest(computes, backend.Names()))
			}
			path, err := checkpointIn(checkpoint)
			if err != nil {
				return err
			}
			out := bufio.NewWriter(os.Stdout)
			p := newPredictionWriter(out, asJSON)
			err = evaluate.Predict(cmd.Context(), computes, path, args, batch, p.write)
			return errors.Join(err, p.flush(), out.Flush(), p.conclude(err))
		},
	}
	cmd.Flags().StringVar(&checkpoint, "checkpoint", "", "checkpoint of a classifier: a file, or the folder of finetune, baseline or distill")
	cmd.Flags().StringVar(&computes, "backend", backend.Auto, "what computes: "+strings.Join(backend.Names(), ", "))
	cmd.Flags().IntVar(&batch, "batch", 64, "images computed at once")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object per image")
	return cmd
}

// predictionWriter writes predictions as CSV or JSON lines and counts them.
type predictionWriter struct {
	csv         *csv.Writer
	json        *json.Encoder
	good, bad   int64
	headWritten bool
}

func newPredictionWriter(w io.Writer, asJSON bool) *predictionWriter {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return &predictionWriter{json: e}
	}
	return &predictionWriter{csv: csv.NewWriter(w)}
}

type predictionJSON struct {
	Path          string    `json:"path"` // inside the folder or archive
	URI           string    `json:"uri"`
	Class         string    `json:"class,omitempty"`
	Probability   float64   `json:"probability,omitempty"`
	Probabilities []float64 `json:"probabilities,omitempty"` // in the order of the checkpoint's classes
	Error         string    `json:"error,omitempty"`
}

func (p *predictionWriter) write(x evaluate.Prediction) error {
	one := predictionJSON{Path: x.Name, URI: x.URI, Class: x.Class, Probability: x.Probability, Probabilities: x.All}
	p.good++
	if x.Err != nil {
		one.Error = x.Err.Error()
		p.good, p.bad = p.good-1, p.bad+1
	}
	if p.json != nil {
		return p.json.Encode(one)
	}
	if !p.headWritten {
		p.headWritten = true
		if err := p.csv.Write([]string{"path", "class", "probability", "error"}); err != nil {
			return err
		}
	}
	probability := ""
	if x.Err == nil {
		probability = strconv.FormatFloat(x.Probability, 'f', 6, 64)
	}
	return p.csv.Write([]string{one.Path, one.Class, probability, one.Error})
}

func (p *predictionWriter) flush() error {
	if p.csv == nil {
		return nil
	}
	p.csv.Flush()
	return p.csv.Error()
}

// conclude tells people how many images had no class; with none left that is a
// failure.
func (p *predictionWriter) conclude(err error) error {
	if err != nil || p.bad == 0 {
		return nil
	}
	if p.good == 0 {
		return fmt.Errorf("none of %s could be read", progress.Plural(p.bad, "image"))
	}
	fmt.Fprintf(os.Stderr, "%s classified, %s could not be read\n", progress.Plural(p.good, "image"), progress.Plural(p.bad, "image"))
	return nil
}
