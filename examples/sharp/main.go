// Sharp is the ready graph with two stages more: blurred images are dropped
// before anything learns from them, and the images about which the teacher is
// least certain are listed for people to label next.
//
//	go run ./examples/sharp run --preset smoke --images photos/ --out runs/sharp
//	cat runs/sharp/next/next.csv
package main

import (
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/pipelines/config"
	"github.com/retort-ml/retort/pipelines/simclrv2"
	"github.com/retort-ml/retort/runners/program"
)

// Config is the ready graph's and one section a stage.
type Config struct {
	simclrv2.Config `yaml:",inline"`
	Sharp           Sharp     `yaml:"sharp"`
	Next            LabelNext `yaml:"next"`
}

func main() {
	program.Main("sharp", config.Map(simclrv2.Schema, func(c simclrv2.Config) Config {
		return Config{c, Sharp{MinVariance: 100}, LabelNext{Count: 20}}
	}), build)
}

func build(g *pipelines.Graph, c Config) error {
	images := simclrv2.Ingest(g, c.Config)
	sharp := pipelines.Add(g, "sharp", pipelines.Each(&c.Sharp), images)
	e, err := simclrv2.Compose(g, c.Config, sharp)
	c.Next.Images = e.Images
	pipelines.Add(g, "next", &c.Next, e.Targets)
	return err
}
