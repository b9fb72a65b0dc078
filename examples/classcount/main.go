// Classcount is an artifact stage of its own: it counts the classes of an
// artifact of images into a CSV, and an edge of its own kind carries it on.
//
//	go run ./examples/classcount run --images photos/ --out runs/classcount
//	cat runs/classcount/counts/classes.csv
package main

import (
	"path/filepath"

	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/pipelines/config"
	"github.com/retort-ml/retort/runners/program"
	"github.com/retort-ml/retort/transforms/ingest"
	"github.com/retort-ml/retort/transforms/split"
)

// Config is what the program can be told.
type Config struct {
	Images string `yaml:"images" flag:"images" doc:"a folder with a folder of images for every class"`
}

func main() { program.Main("classcount", config.Of(Config{Images: "photos"}), build) }

// build counts the classes of all images, and of those that keep their label.
func build(g *pipelines.Graph, c Config) error {
	images, err := filepath.Abs(c.Images) // the same artifact, whatever folder a later run starts in
	all := pipelines.Add(g, "ingest", &ingest.Images{Source: []string{images}, Labels: "folder"})
	sets := split.Add(g, "split", &split.ByLabel{PerClass: 2, TestFraction: 0.2, Seed: 7}, all)
	pipelines.Add(g, "counts", &ClassCount{Part: sets.Labelled}, all)
	return err
}
