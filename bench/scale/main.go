// Scale shows how the data plane grows: it makes sets of tiny images in tars,
// runs ingest and views on each with the retort binary, and prints the time per
// image and the peak memory of each stage, every stage in a process of its own.
//
//	go run ./bench/scale --retort bin/retort --counts 1000,100000,1000000
//
// A count is run often enough to last a while; its time is the median.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

var (
	retort = flag.String("retort", "bin/retort", "the program to measure")
	counts = flag.String("counts", "1000,100000,1000000", "numbers of images, the first to compare with")
	dir    = flag.String("dir", "", "folder for the images and artifacts, 3 KB an image (default: that for temporary files)")
	side   = flag.Int("side", 16, "pixels a side of an image and of a view")
	rounds = flag.Int("rounds", 0, "runs of each count (0: 5 up to 10,000 images, then 3, then 1 from a million)")
)

func main() {
	flag.Parse()
	if err := run(); err != nil {
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
	fmt.Printf("%-8s %9s %6s %10s %10s %14s %10s %9s\n", "stage", "images", "rounds", "seconds", "us/image", "against first", "cpu us/img", "peak MB")
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
	all := map[string][]figures{}
	for range repeats(n) {
		out := filepath.Join(work, "run")
		for _, stage := range stages {
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
	for _, stage := range stages {
		f := median(all[stage])
		each := f.stage * 1e6 / f.images
		if first[stage] == 0 {
			first[stage] = each
		}
		fmt.Printf("%-8s %9.0f %6d %10.3f %10.2f %14.3f %10.2f %9.0f\n", stage, f.images, len(all[stage]), f.stage, each, each/first[stage], f.cpu*1e6/f.images, f.peak/1e6)
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

// stages are measured each in a process of its own; what comes before is kept.
var stages = []string{"ingest", "split", "views"}

type figures struct{ images, stage, cpu, peak float64 } // number, seconds, seconds, bytes

// once runs one stage; those before it are kept from the runs before. Split holds
// a tenth of the images out.
func once(stage, images, out string) (figures, error) {
	cmd := exec.Command(*retort, "run", "--preset", "cifar10", "--images", images, "--labels", "folder", "--out", out, "--only", stage,
		"--set", "size="+strconv.Itoa(*side), "--set", "views.passes=1")
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Run(); err != nil {
		return figures{}, fmt.Errorf("%v: %w\n%s", cmd.Args, err, log.String())
	}
	f := figures{cpu: (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		f.peak = float64(usage.Maxrss) * 1024
	}
	var timings struct{ Seconds float64 }
	var manifest struct{ Counts map[string]int64 }
	err := errors.Join(read(filepath.Join(out, stage, "timings.json"), &timings), read(filepath.Join(out, stage, "manifest.json"), &manifest))
	f.stage, f.images = timings.Seconds, float64(max(manifest.Counts["images"], manifest.Counts["train"]))
	return f, err
}

func read(path string, into any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// median takes the run in the middle by time, and the highest peak of all.
func median(list []figures) figures {
	slices.SortFunc(list, func(a, b figures) int {
		if a.stage < b.stage {
			return -1
		}
		return 1
	})
	f := list[len(list)/2]
	for _, other := range list {
		f.peak = max(f.peak, other.peak)
	}
	return f
}
