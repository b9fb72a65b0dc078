// Contrasty puts an element-wise stage of its own between the ready ones: it
// drops images that are near blank before views are made of the rest.
//
//	go run ./examples/contrasty -images photos/ -out runs/contrasty
//
// Run it twice and everything is kept; change -min-range and the images are not
// listed again, only what comes after them.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
	"github.com/retort-ml/retort/runners/progress"
	"github.com/retort-ml/retort/transforms/ingest"
	"github.com/retort-ml/retort/transforms/split"
	"github.com/retort-ml/retort/transforms/views"
	"github.com/retort-ml/retort/transforms/views/augment"
)

func main() {
	images := flag.String("images", "photos", "a folder with a folder of images for every class")
	out := flag.String("out", "runs/contrasty", "where the artifacts go")
	minRange := flag.Int("min-range", 24, "drop images whose gray values span less, of 255")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	reporter := progress.ForPeople(os.Stderr)
	g := graph(*out, *images, *minRange)
	results, err := runners.Run(ctx, g, runners.Options{Reporter: reporter})
	reporter.Close()
	if err != nil {
		fmt.Fprintln(os.Stderr, "contrasty:", err)
		os.Exit(1)
	}
	progress.Stages(os.Stdout, results)
}

// graph is ingest -> contrasty -> split -> views.
func graph(root, images string, minRange int) *pipelines.Graph {
	if abs, err := filepath.Abs(images); err == nil {
		images = abs // the same artifact, whatever folder a later run starts in
	}
	g := pipelines.New("contrasty", pipelines.Root(root))
	all := pipelines.Add(g, "ingest", &ingest.Images{Source: []string{images}, Labels: "folder"})
	clean := pipelines.Add(g, "contrasty", pipelines.Each(&Contrasty{MinRange: minRange}), all)
	sets := split.Add(g, "split", &split.ByLabel{Fraction: 0.1, TestFraction: 0.1, Seed: 7}, clean)
	pair := []augment.Config{augment.Pretrain(32), augment.Pretrain(32)}
	pipelines.Add(g, "views", &views.Stage{Views: pair, Passes: 2, Seed: 7}, sets.Train)
	return g
}
