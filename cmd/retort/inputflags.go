package main

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/address"
	"github.com/retort-ml/retort/pipelines/simclrv2"
	"github.com/retort-ml/retort/runners/program"
)

// inputFlags are what run, sweep and their like share: what is read, where it goes,
// and single keys of the config.
type inputFlags struct {
	labels, testLabels, out string
	images, test, sets      []string
}

func (f *inputFlags) register(cmd *cobra.Command, out, place, keys string) {
	flags := cmd.Flags()
	pathsVar(flags, &f.images, "images", "folder, archive (.tar, .tar.gz, …, .zip), TFRecords of images, or a list or table (.txt, .csv) of path or path,label; may be given again")
	placeVar(flags, &f.labels, "labels", "", "folder (an image's folder is its class), a table (CSV) of path,label or id,label, or none")
	pathsVar(flags, &f.test, "test", "separate labelled set to evaluate on; may be given again")
	placeVar(flags, &f.testLabels, "test-labels", "", "labels of the test set: folder or a CSV")
	flags.StringArrayVar(&f.sets, "set", nil, keys+", such as distill.epochs=3; may be given again")
	placeVar(flags, &f.out, "out", out, place)
}

// noneEmpty refuses a path that is empty: mostly a shell variable that is not
// set, and it would stand for the folder that the program happens to run in.
func (f *inputFlags) noneEmpty() error {
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

// over lays the flags that are given over a config.
func (f *inputFlags) over(cmd *cobra.Command, c *simclrv2.Config) {
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
}

// localPaths makes paths of what flags, a config file or a setting name, and finds
// the checkpoints in stages' folders.
func localPaths(c *simclrv2.Config) (err error) {
	c.Images, c.Test = slices.Clone(c.Images), slices.Clone(c.Test)
	for _, key := range []struct {
		name  string
		paths []*string
	}{{"images", pointers(c.Images)}, {"test", pointers(c.Test)}, {"labels", []*string{&c.Labels}}, {"test_labels", []*string{&c.TestLabels}}, {"split.ids", []*string{&c.Split.IDs}}} {
		for _, p := range key.paths {
			if *p, err = address.Local(*p, program.Stores()...); err != nil {
				return usage("%s: %w", key.name, err)
			}
		}
	}
	for _, key := range []struct {
		name string
		path *string
	}{{"--encoder", &c.Encoder}, {"baseline.init", &c.Baseline.Init}, {"distill.init", &c.Distill.Init}} {
		if *key.path == "" {
			continue
		}
		if *key.path, err = address.Local(*key.path, program.Stores()...); err == nil {
			*key.path, err = checkpointIn(*key.path)
		}
		if err != nil {
			return usage("%s: %w", key.name, err)
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
