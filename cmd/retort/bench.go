package main

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/retort-ml/retort/internal/stdio"
	"github.com/retort-ml/retort/pipelines"
)

func benchCommand() *cobra.Command {
	return group("bench", "Measure this machine: views, JPEG, TFRecord, training, labelling", `  retort bench augment --images photos.tar --size 224 --cores 1
  retort bench jpeg --images photos.tar --cores 1
  retort bench tfrecord --record-bytes 150528 --compression gzip --cores 1
  retort bench train --arch resnet18 --width 0.25 --size 32 --pairs 64
  retort bench label --arch resnet50 --size 224 --batch 32 --json`,
		benchAugment(), benchJPEG(), benchTFRecord(), benchTrain(), benchLabel())
}

// benchFlags are what every benchmark takes.
type benchFlags struct {
	cores   int
	seconds float64
	json    bool
}

func (f *benchFlags) register(cmd *cobra.Command, cores int) {
	cmd.Flags().IntVar(&f.cores, "cores", cores, "goroutines that compute at once (pin them with taskset for figures per core)")
	cmd.Flags().Float64Var(&f.seconds, "seconds", 5, "how long to measure")
	cmd.Flags().BoolVar(&f.json, "json", false, "one JSON object as the last line of stdout")
}

// start limits the program to the cores and says how long to measure.
func (f *benchFlags) start() (time.Duration, error) {
	if f.cores < 1 || f.cores > 4096 {
		return 0, usage("--cores %d: want 1 to 4096", f.cores)
	}
	if !(f.seconds > 0 && f.seconds <= 86400) {
		return 0, usage("--seconds %v: want > 0 and at most 86400", f.seconds)
	}
	runtime.GOMAXPROCS(f.cores)
	return time.Duration(f.seconds * float64(time.Second)), nil
}

// rate is how much a second by the clock, and a second of processor time, which
// other programs on the machine move less. The latter is 0 where nothing
// measures it.
type rate struct{ wall, cpu float64 }

func rateOf(n float64, elapsed, used time.Duration) rate {
	r := rate{wall: n / elapsed.Seconds()}
	if used > 0 {
		r.cpu = n / used.Seconds()
	}
	return r
}

// atOnce does the work of begin's functions on so many goroutines, item by item,
// until the time is over, and returns how many items were done and the rate of
// what the functions return. Each goroutine has one, with memory of its own.
func atOnce(ctx context.Context, cores int, duration time.Duration, begin func() func(i int) (n int, err error)) (items int64, speed rate, err error) {
	var next, done, sum atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	start, used := time.Now(), cpuTime()
	for range cores {
		group.Go(func() error {
			work := begin()
			for time.Since(start) < duration && ctx.Err() == nil {
				n, err := work(int(next.Add(1) - 1))
				if err != nil {
					return err
				}
				done.Add(1)
				sum.Add(int64(n))
			}
			return ctx.Err()
		})
	}
	err = group.Wait()
	return done.Load(), rateOf(float64(sum.Load()), time.Since(start), cpuTime()-used), err
}

func (r rate) times(n float64) rate { return rate{r.wall * n, r.cpu * n} }

// figure is one column of a benchmark's output, in order.
type figure struct {
	name  string
	value any
}

// show prints a table for people, or one JSON object.
func (f *benchFlags) show(figures ...figure) error {
	figures = append(figures, figure{"cores", f.cores}, figure{"commit", pipelines.CodeVersion()})
	if f.json {
		var b strings.Builder
		for i, g := range figures {
			value, err := json.Marshal(g.value)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, "%s%q:%s", []string{"{", ","}[min(i, 1)], g.name, value)
		}
		_, err := fmt.Fprintln(stdio.Out, b.String()+"}")
		return err
	}
	t := tabwriter.NewWriter(stdio.Out, 0, 8, 2, ' ', 0)
	for _, g := range figures {
		if x, ok := g.value.(float64); ok {
			g.value = fmt.Sprintf("%.4g", x)
		}
		fmt.Fprintf(t, "%s\t%v\n", strings.ReplaceAll(g.name, "_", " "), g.value)
	}
	return t.Flush()
}

func cores() int { return runtime.GOMAXPROCS(0) }
