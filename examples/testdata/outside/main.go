// Outside is a program of another module, with all that such a program may
// bring: a source of images, an element-wise stage, one that makes records of a
// kind of its own, two fused, and an artifact stage that reads the records.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/retort-ml/retort/io/example"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
	"github.com/retort-ml/retort/runners/prism"
	"github.com/retort-ml/retort/transforms/ingest"
)

type (
	Brightness struct{} // a kind of records
	Summary    struct{} // a kind of text
)

// Large keeps images of at least Side pixels a side.
type Large struct{ Side int }

func (s *Large) StageVersion() int { return 2 }

func (s *Large) ProcessElement(ctx context.Context, img *pipelines.Image, emit func(*pipelines.Image)) error {
	if img.Width == 0 {
		return pipelines.Reject("no-size", "%s", img.Name)
	}
	if min(img.Width, img.Height) < s.Side {
		pipelines.Count(ctx, "small", 1)
		return nil
	}
	emit(img)
	return nil
}

// Measure makes a record of an image: the mean of its samples.
type Measure struct{ builder example.Builder }

func (m *Measure) Setup(context.Context, *pipelines.Job) error { return nil }

func (m *Measure) ProcessElement(_ context.Context, img *pipelines.Image, emit func(*pipelines.Record[Brightness])) error {
	rgb, err := img.Pixels()
	if err != nil {
		return err
	}
	sum := 0
	for _, v := range rgb.Pix {
		sum += int(v)
	}
	m.builder.Reset()
	m.builder.Bytes("image/id", img.ID[:])
	m.builder.Floats("brightness", float32(sum)/float32(len(rgb.Pix)))
	emit(pipelines.NewRecord[Brightness](&m.builder))
	return nil
}

// Mean is an artifact stage over the records.
type Mean struct{ Digits int }

func (s *Mean) Run(_ context.Context, in pipelines.Artifact[Brightness], out *pipelines.Output[Summary]) error {
	sum, n := 0.0, 0
	for r, err := range pipelines.Records(in) {
		if err != nil {
			return err
		}
		ex, err := r.Example()
		if err != nil {
			return err
		}
		v, err := ex.Float("brightness")
		if err != nil {
			return err
		}
		sum, n = sum+float64(v), n+1
	}
	return out.WriteFile("mean.txt", fmt.Appendf(nil, "%d images, mean brightness %.*f\n", n, s.Digits, sum/float64(n)))
}

func init() {
	pipelines.Register(pipelines.Each(&Large{}))
	pipelines.Register(pipelines.Each(&Measure{}))
	pipelines.Register(&Mean{})
}

func main() {
	g := pipelines.New("outside", pipelines.Root(os.Args[2]))
	images := pipelines.Add(g, "ingest", &ingest.Images{Source: []string{os.Args[1]}, Labels: "folder"})
	bright := pipelines.Add(g, "bright", pipelines.Each(pipelines.Fuse(&Large{Side: 16}, &Measure{})), images)
	pipelines.Add(g, "mean", &Mean{Digits: 1}, bright)
	results, err := runners.Run(context.Background(), g, runners.Options{Runner: prism.Runner{}})
	if err != nil {
		fmt.Fprintln(os.Stderr, "outside:", err)
		os.Exit(1)
	}
	for _, r := range results {
		fmt.Println(r.Name, r.State, r.Manifest.Counts["small"])
	}
}
