// Contrasty puts an element-wise stage of its own between the ready ones: it
// drops images that are near blank before views are made of the rest.
//
//	go run ./examples/contrasty run --images photos/ --out runs/contrasty
//
// Run it twice and everything is kept; with --min-range 60 the images are not
// listed again, only what comes after them.
package main

import (
	"path/filepath"

	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/pipelines/config"
	"github.com/retort-ml/retort/runners/program"
	"github.com/retort-ml/retort/transforms/ingest"
	"github.com/retort-ml/retort/transforms/split"
	"github.com/retort-ml/retort/transforms/views"
	"github.com/retort-ml/retort/transforms/views/augment"
)

// Config is what the program can be told.
type Config struct {
	Images   string `yaml:"images" flag:"images" doc:"a folder with a folder of images for every class"`
	MinRange int    `yaml:"min_range" flag:"min-range" doc:"drop images whose gray values span less, of 255"`
}

func main() {
	program.Main("contrasty", config.Of(Config{Images: "photos", MinRange: 24}), build)
}

// build is ingest -> contrasty -> split -> views.
func build(g *pipelines.Graph, c Config) error {
	images, err := filepath.Abs(c.Images) // the same artifact, whatever folder a later run starts in
	all := pipelines.Add(g, "ingest", &ingest.Images{Source: []string{images}, Labels: "folder"})
	clean := pipelines.Add(g, "contrasty", pipelines.Each(&Contrasty{MinRange: c.MinRange}), all)
	sets := split.Add(g, "split", &split.ByLabel{Fraction: 0.1, TestFraction: 0.1, Seed: 7}, clean)
	pair := []augment.Config{augment.Pretrain(32), augment.Pretrain(32)}
	pipelines.Add(g, "views", &views.Stage{Views: pair, Passes: 2, Seed: 7}, sets.Train)
	return err
}
