// Classcount is an artifact stage of its own: it counts the classes of an
// artifact of images into a CSV, and an edge of its own kind carries it on.
//
//	go run ./examples/classcount -images photos/ -out runs/classcount
//	cat runs/classcount/counts/classes.csv
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
)

func main() {
	images := flag.String("images", "photos", "a folder with a folder of images for every class")
	out := flag.String("out", "runs/classcount", "where the artifacts go")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	reporter := progress.ForPeople(os.Stderr)
	results, err := runners.Run(ctx, graph(*out, *images), runners.Options{Reporter: reporter})
	reporter.Close()
	if err != nil {
		fmt.Fprintln(os.Stderr, "classcount:", err)
		os.Exit(1)
	}
	progress.Stages(os.Stdout, results)
}

// graph counts the classes of all images, and of those that keep their label.
func graph(root, images string) *pipelines.Graph {
	if abs, err := filepath.Abs(images); err == nil {
		images = abs // the same artifact, whatever folder a later run starts in
	}
	g := pipelines.New("classcount", pipelines.Root(root))
	all := pipelines.Add(g, "ingest", &ingest.Images{Source: []string{images}, Labels: "folder"})
	sets := split.Add(g, "split", &split.ByLabel{PerClass: 2, TestFraction: 0.2, Seed: 7}, all)
	pipelines.Add(g, "counts", &ClassCount{Part: sets.Labelled}, all)
	return g
}
