package main

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/stdio"
	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/runners/progress"
	"github.com/retort-ml/retort/transforms/evaluate"
)

func predictCommand() *cobra.Command {
	var checkpoint string
	var compute computeFlags
	var asJSON bool
	var batch int
	cmd := &cobra.Command{
		Use:   "predict --checkpoint CHECKPOINT IMAGES…",
		Short: "Classify images with a trained checkpoint",
		Long: `Classify images and write one line for each on stdout: CSV with a header, or
JSON with the probability of every class: calibrated, where the run had labels
for that (split.validation). An image is named by its path, in an
archive by the archive's and its own behind it; what comes a second time gets
"#2" behind its name, so that no two lines are alike. An image that cannot be
read has a line too, with the reason in place of a class, and makes the exit
code 1.`,
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
			}
			computes, err := compute.name()
			if err != nil {
				return err
			}
			path, err := checkpointIn(checkpoint)
			if err != nil {
				return err
			}
			out := bufio.NewWriter(stdio.Out)
			p := newPredictionWriter(out, asJSON)
			err = evaluate.Predict(cmd.Context(), computes, path, args, batch, p.write, note)
			return cmp.Or(err, p.flush(), out.Flush(), p.conclude(err))
		},
	}
	placeVar(cmd.Flags(), &checkpoint, "checkpoint", "", "checkpoint of a classifier: a file, or the folder of finetune, baseline or distill")
	compute.registerBackend(cmd.Flags())
	compute.registerPrecision(cmd.Flags(), "of the network", backend.Precisions())
	cmd.Flags().IntVar(&batch, "batch", 64, "images computed at once")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object per image")
	return inStores(cmd)
}

// predictionWriter writes predictions as CSV or JSON lines and counts them.
type predictionWriter struct {
	names       names
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
	Path          string    `json:"path"` // that of no other line
	Name          string    `json:"name"` // inside the folder or archive
	URI           string    `json:"uri"`  // file that holds it
	Class         string    `json:"class,omitempty"`
	Probability   float64   `json:"probability,omitempty"`
	Probabilities []float64 `json:"probabilities,omitempty"` // in the order of the checkpoint's classes
	Error         string    `json:"error,omitempty"`
}

func (p *predictionWriter) write(x evaluate.Prediction) error {
	one := predictionJSON{Path: p.names.unique(x.Path), Name: x.Name, URI: x.URI, Class: x.Class, Probability: x.Probability, Probabilities: x.All}
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

// conclude is an error where images had no class.
func (p *predictionWriter) conclude(err error) error {
	switch {
	case err != nil || p.bad == 0:
		return nil
	case p.good == 0:
		return fmt.Errorf("none of %s could be read", progress.Plural(p.bad, "image"))
	}
	return fmt.Errorf("%s classified, %s could not be read (their lines say why)", progress.Plural(p.good, "image"), progress.Plural(p.bad, "image"))
}

// names tells apart what has the same path: a file that is given twice, or
// members of an archive.
type names struct {
	seed  maphash.Seed
	seen  map[uint64]struct{} // hashes: should two ever meet, one gets a number without need
	again map[string]int
}

func (n *names) unique(path string) string {
	if n.seen == nil {
		n.seed, n.seen, n.again = maphash.MakeSeed(), map[uint64]struct{}{}, map[string]int{}
	}
	name := path
	for {
		h := maphash.String(n.seed, name)
		if _, taken := n.seen[h]; !taken {
			n.seen[h] = struct{}{}
			return name
		}
		n.again[path]++
		name = fmt.Sprintf("%s#%d", path, n.again[path]+1)
	}
}
