package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/address"
	"github.com/retort-ml/retort/internal/didyoumean"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/pipelines/simclrv2"
	"github.com/retort-ml/retort/runners/program"
)

// configFlags are the flags that make a config and its graph.
type configFlags struct {
	preset, file, labels, testLabels string
	encoder                          string
	images, test, sets               []string
	seed                             uint64
	out                              string
	compute                          computeFlags
}

func (f *configFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.preset, "preset", "", "recipe to start from: "+presetNames()+" (default: the config file's, else "+simclrv2.DefaultPreset+")")
	pathVar(flags, &f.file, "config", "", "YAML file over the preset (see retort config)")
	pathsVar(flags, &f.images, "images", "folder, archive (.tar, .tar.gz, …, .zip), TFRecords of images, or a list or table (.txt, .csv) of path or path,label; may be given again")
	placeVar(flags, &f.labels, "labels", "", "folder (an image's folder is its class), a table (CSV) of path,label or id,label, or none")
	pathsVar(flags, &f.test, "test", "separate labelled set to evaluate on; may be given again")
	placeVar(flags, &f.testLabels, "test-labels", "", "labels of the test set: folder or a CSV")
	pathVar(flags, &f.encoder, "encoder", "", "checkpoint of a pretrained network to begin with at fine-tuning (see retort checkpoint import)")
	flags.Uint64Var(&f.seed, "seed", 1, "of every random choice")
	flags.StringArrayVar(&f.sets, "set", nil, "one key of the config, such as distill.epochs=3; may be given again")
	placeVar(flags, &f.out, "out", "run", "folder of the run, or its address in a store (gs://…, s3://…); every stage has its own inside")
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
	changed := cmd.Flags().Changed
	if changed("images") {
		c.Images = f.images
	}
	if changed("labels") {
		c.Labels = f.labels
	}
	if changed("test") {
		c.Test = f.test
	}
	if changed("test-labels") {
		c.TestLabels = f.testLabels
	}
	if changed("encoder") {
		if f.encoder == "" {
			return c, usage("--encoder is empty; want a checkpoint (is a variable of the shell not set?)")
		}
		c.Encoder = f.encoder
	}
	if changed("seed") {
		c.Seed = f.seed
	}
	if err := localPaths(&c); err != nil || c.Encoder == "" {
		return c, err
	}
	if c.Encoder, err = checkpointIn(c.Encoder); err != nil {
		err = usage("--encoder: %w", err)
	}
	return c, err
}

// localPaths makes paths of what a config file or a setting names.
func localPaths(c *simclrv2.Config) (err error) {
	c.Images, c.Test = slices.Clone(c.Images), slices.Clone(c.Test)
	for _, key := range []struct {
		name  string
		paths []*string
	}{{"images", pointers(c.Images)}, {"test", pointers(c.Test)}, {"labels", []*string{&c.Labels}}, {"test_labels", []*string{&c.TestLabels}}, {"encoder", []*string{&c.Encoder, &c.Baseline.Init, &c.Distill.Init}}} {
		for _, p := range key.paths {
			var known []string
			if key.name != "encoder" {
				known = program.Stores()
			}
			if *p, err = address.Local(*p, known...); err != nil {
				return usage("%s: %w", key.name, err)
			}
		}
	}
	return nil
}

func pointers(list []string) (all []*string) {
	for i := range list {
		all = append(all, &list[i])
	}
	return all
}

// noneEmpty refuses a path that is empty: mostly a shell variable that is not
// set, and it would stand for the folder that the program happens to run in.
func (f *configFlags) noneEmpty() error {
	for _, flag := range []struct {
		name  string
		paths []string
	}{{"images", f.images}, {"test", f.test}, {"out", []string{f.out}}} {
		if slices.Contains(flag.paths, "") {
			return usage("--%s is empty; want a path (is a variable of the shell not set?)", flag.name)
		}
	}
	return nil
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

// nearest is a did-you-mean, and nothing where none is near.
func nearest(name string, known []string) string {
	if hint := didyoumean.Hint(name, known); !strings.HasPrefix(hint, "; known") {
		return hint
	}
	return ""
}
