package pipelines_test

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"log"
	"os"
	"path/filepath"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
	"github.com/retort-ml/retort/runners/direct"
	"github.com/retort-ml/retort/transforms/ingest"
)

// Contrasty is an element-wise stage: it keeps images whose first row spans at
// least MinRange of 255.
type Contrasty struct{ MinRange int }

func (c *Contrasty) ProcessElement(_ context.Context, img *pipelines.Image, emit func(*pipelines.Image)) error {
	rgb, err := img.Pixels()
	if err != nil {
		return err // an image that cannot be decoded is set aside
	}
	low, high := 255, 0
	for _, v := range rgb.Pix[:3*rgb.Width] {
		low, high = min(low, int(v)), max(high, int(v))
	}
	if high-low >= c.MinRange {
		emit(img)
	}
	return nil
}

// Names is an artifact stage, and List is the kind of artifact that it makes.
type (
	Names struct{}
	List  struct{}
)

func (*Names) Run(_ context.Context, in pipelines.Artifact[pipelines.Images], out *pipelines.Output[List]) error {
	var names []string
	for ref, err := range pipelines.References(in) {
		if err != nil {
			return err
		}
		names = append(names, ref.Name)
	}
	out.Count("names", int64(len(names)))
	return out.WriteFile("names.txt", fmt.Appendln(nil, names))
}

// A graph is built by assignment; what it makes rests in folders named after
// its stages, and is kept as long as nothing that it depends on changes.
func Example() {
	dir := photos()
	defer os.RemoveAll(dir)

	for _, minRange := range []int{24, 24, 64} {
		g := pipelines.New("names", pipelines.Root(filepath.Join(dir, "run")))
		images := pipelines.Add(g, "ingest", &ingest.Images{Source: []string{filepath.Join(dir, "photos")}})
		clean := pipelines.Add(g, "contrasty", pipelines.Each(&Contrasty{MinRange: minRange}), images)
		pipelines.Add(g, "names", &Names{}, clean)

		results, err := runners.Run(context.Background(), g, runners.Options{})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("a range of %d drops %d:", minRange, results[1].Manifest.Counts["dropped"])
		for _, r := range results {
			fmt.Print(" ", r.Name, " ", r.State)
		}
		fmt.Println()
	}
	// Output:
	// a range of 24 drops 3: ingest ran contrasty ran names ran
	// a range of 24 drops 3: ingest kept contrasty kept names kept
	// a range of 64 drops 8: ingest kept contrasty ran names ran
}

func init() { register.DoFn1x0[string](&announce{}) }

type announce struct{ What string }

func (f *announce) ProcessElement(folder string) { fmt.Println(f.What, filepath.Base(folder)) }

// Stages are PTransforms: these are part of a Beam pipeline of the caller's
// own, which goes on with what they made.
func ExampleApply() {
	dir := photos()
	defer os.RemoveAll(dir)

	p, s := beam.NewPipelineWithRoot()
	images := pipelines.Apply(s, filepath.Join(dir, "ingest"), &ingest.Images{Source: []string{filepath.Join(dir, "photos")}})
	clean := pipelines.Apply(s, filepath.Join(dir, "contrasty"), pipelines.Each(&Contrasty{MinRange: 24}), images)
	beam.ParDo0(s, &announce{What: "finished:"}, clean.Folder())

	if err := (direct.Runner{}).Run(context.Background(), p); err != nil {
		log.Fatal(err)
	}
	// Output: finished: contrasty
}

func init() { register.DoFn1x0[*pipelines.Image](&show{}) }

type show struct{}

func (*show) ProcessElement(img *pipelines.Image) {
	fmt.Printf("%s, %d x %d\n", img.Name, img.Width, img.Height)
}

// An element-wise stage also applies to a collection of images, one by one.
func ExampleParDo() {
	dir := photos()
	defer os.RemoveAll(dir)

	p, s := beam.NewPipelineWithRoot()
	images := pipelines.Apply(s, filepath.Join(dir, "ingest"), &ingest.Images{Source: []string{filepath.Join(dir, "photos")}})
	contrasty, _ := pipelines.ParDo(s, &Contrasty{MinRange: 72}, pipelines.Read(s, images))
	beam.ParDo0(s, &show{}, contrasty)

	if err := (direct.Runner{}).Run(context.Background(), p); err != nil {
		log.Fatal(err)
	}
	// Output: 9.png, 9 x 8
}

// photos makes a folder with ten ramps, each steeper than the one before.
func photos() (dir string) {
	dir, err := os.MkdirTemp("", "photos")
	if err != nil {
		log.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "photos"), 0o755); err != nil {
		log.Fatal(err)
	}
	for i := range 10 {
		img := image.NewGray(image.Rect(0, 0, 9, 8))
		for p := range 9 * 8 {
			img.SetGray(p%9, p/9, color.Gray{uint8(i * (p % 9))})
		}
		f, err := os.Create(filepath.Join(dir, "photos", fmt.Sprintf("%d.png", i)))
		if err != nil {
			log.Fatal(err)
		}
		defer f.Close()
		if err := png.Encode(f, img); err != nil {
			log.Fatal(err)
		}
	}
	return dir
}
