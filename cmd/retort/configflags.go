package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/pipelines/simclrv2"
	"github.com/retort-ml/retort/runners/program"
)

// configFlags are the flags that make a config and its graph.
type configFlags struct {
	inputFlags
	preset, file, encoder string
	seed                  uint64
	compute               computeFlags
}

func (f *configFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.preset, "preset", "", "recipe to start from: "+presetNames()+" (default: the config file's, else "+simclrv2.DefaultPreset+")")
	placeVar(flags, &f.file, "config", "", "YAML file over the preset (see retort config)")
	f.inputFlags.register(cmd, "run", "folder of the run, or its address in a store (gs://…, s3://…); every stage has its own inside", "one key of the config")
	placeVar(flags, &f.encoder, "encoder", "", "checkpoint of a pretrained network to begin with at fine-tuning (see retort checkpoint import)")
	flags.Uint64Var(&f.seed, "seed", 1, "of every random choice")
	f.compute.register(flags)
}

func presetNames() string {
	names := make([]string, len(simclrv2.Presets))
	for i, p := range simclrv2.Presets {
		names[i] = p.Name
	}
	return strings.Join(names, ", ")
}

// config resolves preset, file, flags and settings, in this order.
func (f *configFlags) config(cmd *cobra.Command) (simclrv2.Config, error) {
	if err := f.noneEmpty(); err != nil {
		return simclrv2.Config{}, err
	}
	c, err := simclrv2.Load(f.preset, f.file, f.sets)
	if err != nil {
		return c, program.Usage(err)
	}
	f.over(cmd, &c)
	changed := cmd.Flags().Changed
	if changed("encoder") {
		if f.encoder == "" {
			return c, usage("--encoder is empty; want a checkpoint (is a variable of the shell not set?)")
		}
		c.Encoder = f.encoder
	}
	if changed("seed") {
		c.Seed = f.seed
	}
	return c, localPaths(&c)
}

// graph builds the graph that the flags describe.
func (f *configFlags) graph(cmd *cobra.Command) (*pipelines.Graph, simclrv2.Config, error) {
	c, err := f.config(cmd)
	if err != nil {
		return nil, c, err
	}
	if len(c.Images) == 0 {
		return nil, c, usage("no images: say where they are with --images PATH (a folder, an archive, or a list of paths)")
	}
	if cmd.Flags().Changed("test-labels") && len(c.Test) == 0 {
		return nil, c, usage("--test-labels %s: there is no test set that they could belong to (give it with --test PATH)", f.testLabels)
	}
	computes, err := f.compute.name()
	if err != nil {
		return nil, c, err
	}
	g, err := buildGraph(c, f.out, computes)
	if err == nil {
		err = g.Check()
	}
	if err != nil {
		return nil, c, program.Usage(err)
	}
	return g, c, nil
}
