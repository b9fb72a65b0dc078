// Scale shows how the data plane grows: it makes sets of tiny images in tars,
// runs ingest, split and views on each with the retort binary, reads an epoch of
// the views as a training does, and prints the time per image, the peak memory and
// the open files of each, every one in a process of its own.
//
//	go run ./bench/scale --retort bin/retort --counts 1000,100000,1000000
//	go run ./bench/scale --retort bin/retort --counts 10000000 --store recipe
//
// A count is run often enough to last a while; its time is the median.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

var (
	retort = flag.String("retort", "bin/retort", "the program to measure")
	counts = flag.String("counts", "1000,100000,1000000", "numbers of images, the first to compare with")
	dir    = flag.String("dir", "", "folder for the images and artifacts, 3 KB an image, 2 with recipes (default: that for temporary files)")
	side   = flag.Int("side", 16, "pixels a side of an image and of a view")
	stages = flag.String("stages", "ingest,split,views,epoch", "what to measure, the first of these")
	store  = flag.String("store", "pixels", "of the views: pixels, or recipe, whose pixels are made when an epoch is read")
	dirIn  = flag.String("epoch", "", "read an epoch of the views in this folder, and nothing else")
	rounds = flag.Int("rounds", 0, "runs of each count (0: 5 up to 10,000 images, then 3, then 1 from a million)")
)

func main() {
	flag.Parse()
	do := run
	if *dirIn != "" {
		do = func() error { return readEpoch(*dirIn) }
	}
	if err := do(); err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

func run() error {
	work, err := os.MkdirTemp(*dir, "retort-scale-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	fmt.Printf("%-8s %9s %6s %10s %10s %14s %10s %9s %6s\n", "stage", "images", "rounds", "seconds", "us/image", "against first", "cpu us/img", "peak MB", "files")
	first := map[string]float64{}
	for _, text := range strings.Split(*counts, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return fmt.Errorf("--counts: %q is no number of images", text)
		}
		if err := measure(work, n, first); err != nil {
			return err
		}
	}
	return nil
}

func measure(work string, n int, first map[string]float64) error {
	images := filepath.Join(work, "images")
	if err := generate(images, n, *side); err != nil {
		return err
	}
	defer os.RemoveAll(images)
	all, names := map[string][]figures{}, strings.Split(*stages, ",")
	for range repeats(n) {
		out := filepath.Join(work, "run")
		for _, stage := range names {
			f, err := once(stage, images, out)
			if err != nil {
				return err
			}
			all[stage] = append(all[stage], f)
		}
		if err := os.RemoveAll(out); err != nil {
			return err
		}
	}
	for _, stage := range names {
		f := median(all[stage])
		each := f.stage * 1e6 / f.images
		if first[stage] == 0 {
			first[stage] = each
		}
		fmt.Printf("%-8s %9.0f %6d %10.3f %10.2f %14.3f %10.2f %9.0f %6d\n", stage, f.images, len(all[stage]), f.stage, each, each/first[stage], f.cpu*1e6/f.images, f.peak/1e6, f.files)
	}
	return nil
}

func repeats(n int) int {
	switch {
	case *rounds > 0:
		return *rounds
	case n <= 10_000:
		return 5
	case n < 1_000_000:
		return 3
	}
	return 1
}

type figures struct {
	process
	images, stage float64 // number, seconds
}

// once runs one stage; those before it are kept from the runs before. Split holds
// a tenth of the images out.
func once(stage, images, out string) (f figures, err error) {
	if stage == "epoch" {
		return oneEpoch(filepath.Join(out, "views"))
	}
	f.process, err = watch(*retort, "run", "--preset", "cifar10", "--images", images, "--labels", "folder", "--out", out, "--only", stage,
		"--set", "size="+strconv.Itoa(*side), "--set", "views.passes=1", "--set", "views.store="+*store)
	if err != nil {
		return f, err
	}
	var timings struct{ Seconds float64 }
	var manifest struct{ Counts map[string]int64 }
	err = errors.Join(read(filepath.Join(out, stage, "timings.json"), &timings), read(filepath.Join(out, stage, "manifest.json"), &manifest))
	f.stage, f.images = timings.Seconds, float64(max(manifest.Counts["images"], manifest.Counts["train"]))
	return f, err
}

// oneEpoch lets a process of this program read an epoch.
func oneEpoch(dir string) (f figures, err error) {
	self, err := os.Executable()
	if err != nil {
		return f, err
	}
	if f.process, err = watch(self, "--epoch", dir); err != nil {
		return f, err
	}
	var e epoch
	err = json.Unmarshal(f.out, &e)
	f.images, f.stage = float64(e.Images), e.Seconds
	return f, err
}

func read(path string, into any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// median takes the run in the middle by time, and the highest peak and the most
// open files of all.
func median(list []figures) figures {
	slices.SortFunc(list, func(a, b figures) int {
		if a.stage < b.stage {
			return -1
		}
		return 1
	})
	f := list[len(list)/2]
	for _, other := range list {
		f.peak, f.files = max(f.peak, other.peak), max(f.files, other.files)
	}
	return f
}
