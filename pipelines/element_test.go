package pipelines_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/retort-ml/retort/internal/stagetest"
	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/example"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/index"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
)

// pictures is a source of images: all files of a folder of class folders.
type pictures struct{ Dir string }

func (s *pictures) Run(_ context.Context, _ pipelines.Artifact[pipelines.None], out *pipelines.Output[pipelines.Images]) error {
	paths, err := filepath.Glob(filepath.Join(s.Dir, "*", "*"))
	if err != nil {
		return err
	}
	scratch, remove, err := out.Scratch("sort")
	if err != nil {
		return err
	}
	defer remove()
	sorter, err := index.NewSorter(scratch)
	if err != nil {
		return err
	}
	defer sorter.Remove()
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		class := filepath.Base(filepath.Dir(path))
		info, _ := imagefile.DecodeConfig(data)
		ref := imagefile.Ref{ID: imagefile.IDOf(data), URI: path, Length: int64(len(data)), Width: info.Width, Height: info.Height, Name: class + "/" + filepath.Base(path)}
		if err := sorter.Add(index.Entry{Ref: ref, Class: class}); err != nil {
			return err
		}
	}
	w := out.Index("index", int64(len(paths)))
	defer w.Discard()
	for e, err := range sorter.All() {
		if err != nil {
			return err
		}
		e.Label = int32(slices.Index([]string{"cat", "dog"}, e.Class))
		if err := w.WriteEntry(e); err != nil {
			return err
		}
	}
	files, err := w.Close()
	for _, f := range files {
		out.AddDescribed(f)
	}
	return errors.Join(err, out.SetMeta(pipelines.ImagesMeta{Classes: []string{"cat", "dog"}}))
}

// bright keeps images whose first pixel is at least Min bright.
type bright struct {
	Min      int
	Share    float64       `fingerprint:"-"` // that may be rejected
	PerShard int           `fingerprint:"-"`
	FailOn   string        `fingerprint:"-"`
	Version  int           `json:"-"`
	Seen     *atomic.Int64 `json:"-"`
}

func (s *bright) ElementsPerShard() int { return s.PerShard }
func (s *bright) StageVersion() int     { return s.Version }
func (s *bright) MaxRejected() float64  { return s.Share }

func (s *bright) Validate() error {
	if s.Min < 0 || s.Min > 255 {
		return fmt.Errorf("Min = %d; want 0 to 255", s.Min)
	}
	return nil
}

var seen atomic.Int64 // images that bright looked at

func (s *bright) ProcessElement(ctx context.Context, img *pipelines.Image, emit func(*pipelines.Image)) error {
	seen.Add(1)
	if s.FailOn != "" && strings.HasSuffix(img.Name, s.FailOn) {
		return errors.New("no more paper")
	}
	rgb, err := img.Pixels()
	if err != nil {
		return err
	}
	if int(rgb.Pix[0]) < s.Min {
		pipelines.Count(ctx, "dark_"+img.Class, 1)
		return nil
	}
	emit(img)
	return nil
}

func eachGraph(root, dir string, s *bright) *pipelines.Graph {
	g := pipelines.New("each", pipelines.Root(root))
	images := pipelines.Add(g, "pictures", &pictures{Dir: dir})
	pipelines.Add(g, "bright", pipelines.Each(s), images)
	return g
}

func refs(t *testing.T, dir string) []index.Entry {
	t.Helper()
	a, err := pipelines.LoadArtifact[pipelines.Images](dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []index.Entry
	for e, err := range pipelines.References(a) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

func firstPixel(t *testing.T, path string) int {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	img, err := imagefile.Decode(data, imagefile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return int(img.Pix[0])
}

func TestEachKeepsOrderAndCounts(t *testing.T) {
	dir := stagetest.Folder(t, 16, 20, "cat", "dog")
	perShards := map[string][]int{"direct": {0, 1, 7}, "prism": {7}}
	var manifests [][]byte
	for _, runner := range runners.Local {
		for _, perShard := range perShards[runner] {
			root := t.TempDir()
			if got, err := run(t, eachGraph(root, dir, &bright{Min: 100, PerShard: perShard}), runner); err != nil {
				t.Fatal(got, err)
			}
			var want []string
			for _, e := range refs(t, filepath.Join(root, "pictures")) {
				if firstPixel(t, e.URI) >= 100 {
					want = append(want, e.ID.String()+e.Class)
				}
			}
			var got []string
			for _, e := range refs(t, filepath.Join(root, "bright")) {
				got = append(got, e.ID.String()+e.Class)
			}
			if !slices.Equal(got, want) || len(want) == 0 || len(want) == 40 {
				t.Fatalf("%s, %d a shard: kept %d of 40, want %d", runner, perShard, len(got), len(want))
			}
			m, _ := artifact.Load(blob.Local(filepath.Join(root, "bright")))
			if m.Counts["images"]+m.Counts["dropped"] != 40 || m.Counts["dark_cat"]+m.Counts["dark_dog"] != m.Counts["dropped"] {
				t.Fatalf("counts %v", m.Counts)
			}
			data, _ := os.ReadFile(filepath.Join(root, "bright", "manifest.json"))
			manifests = append(manifests, ownSum.ReplaceAll(data, nil))
		}
	}
	for i, m := range manifests {
		if want := bytes.ReplaceAll(manifests[0], []byte(`"PerShard": 0`), fmt.Appendf(nil, `"PerShard": %d`, []int{0, 1, 7, 7}[i])); !bytes.Equal(m, want) {
			t.Fatalf("manifests differ:\n%s\n%s", m, want)
		}
	}
}

// ownSum is a manifest's checksum of itself.
var ownSum = regexp.MustCompile(`"manifest_crc32c": \d+`)

func TestEachFingerprint(t *testing.T) {
	dir, root := stagetest.Folder(t, 8, 3, "cat"), t.TempDir()
	steps := []struct {
		stage bright
		want  string
	}{
		{bright{Min: 10}, "pictures:ran bright:ran"},
		{bright{Min: 10}, "pictures:kept bright:kept"},
		{bright{Min: 10, PerShard: 2}, "pictures:kept bright:kept"},
		{bright{Min: 11}, "pictures:kept bright:ran"},
		{bright{Min: 11, Version: 1}, "pictures:kept bright:ran"},
		{bright{Min: 11, Version: 1}, "pictures:kept bright:kept"},
	}
	for _, s := range steps {
		if got, err := run(t, eachGraph(root, dir, &s.stage), "direct"); err != nil || got != s.want {
			t.Fatalf("%+v: got %s, %v; want %s", s.stage, got, err, s.want)
		}
	}
}

func damage(t *testing.T, dir string, n int) {
	for i := range n {
		stagetest.Write(t, filepath.Join(dir, "cat", "bad"+strconv.Itoa(i)+".jpg"), append([]byte{0xff, 0xd8, 0xff}, byte(i)))
	}
}

func TestEachQuarantinesWhatCannotBeDecoded(t *testing.T) {
	dir, root := stagetest.Folder(t, 8, 20, "cat", "dog"), t.TempDir()
	damage(t, dir, 3)
	if got, err := run(t, eachGraph(root, dir, &bright{}), "direct"); err != nil {
		t.Fatal(got, err)
	}
	m, _ := artifact.Load(blob.Local(filepath.Join(root, "bright")))
	if m.Quarantine == nil || m.Quarantine.Total != 3 || m.Quarantine.Of != 43 || m.Counts["quarantined"] != 3 || m.Counts["images"] != 40 {
		t.Fatalf("counts %v, quarantine %+v", m.Counts, m.Quarantine)
	}
	data, _ := os.ReadFile(filepath.Join(root, "bright", "quarantine-00000.jsonl"))
	if !strings.Contains(string(data), "cat/bad0.jpg") {
		t.Fatalf("quarantine lists %s", data)
	}
}

func TestEachFailsAboveTheLimit(t *testing.T) {
	dir := stagetest.Folder(t, 8, 10, "cat", "dog")
	damage(t, dir, 20)
	_, err := run(t, eachGraph(t.TempDir(), dir, &bright{Share: 0.1}), "direct")
	if err == nil || !strings.Contains(err.Error(), "bright: 20 of 40 images cannot be used") || !strings.Contains(err.Error(), "bad0.jpg") {
		t.Fatalf("got %v", err)
	}
	if _, err := run(t, eachGraph(t.TempDir(), dir, &bright{Share: 0.5}), "direct"); err != nil {
		t.Fatal(err)
	}
}

func TestEachResumesWithFinishedShardsKept(t *testing.T) {
	dir, root := stagetest.Folder(t, 8, 20, "cat", "dog"), t.TempDir()
	seen.Store(0)
	_, err := run(t, eachGraph(root, dir, &bright{PerShard: 10, FailOn: "dog/007.jpg"}), "direct")
	if err == nil || !strings.HasPrefix(err.Error(), "bright: ") || !strings.HasSuffix(err.Error(), "dog/007.jpg: no more paper") {
		t.Fatalf("got %v", err)
	}
	done, _ := filepath.Glob(filepath.Join(root, "bright", ".shards", "*.json"))
	before := seen.Swap(0)
	if _, err := run(t, eachGraph(root, dir, &bright{PerShard: 10}), "direct"); err != nil {
		t.Fatal(err)
	}
	if want := int64(40 - 10*len(done)); seen.Load() != want || len(done) == 0 {
		t.Fatalf("%d shards were done after %d images; %d images were looked at again, want %d", len(done), before, seen.Load(), want)
	}
	if n := len(refs(t, filepath.Join(root, "bright"))); n != 40 {
		t.Fatalf("%d images, want 40", n)
	}
}

// The stages below do one thing each.
type (
	relabel   struct{ To string }
	invert    struct{ Times int }
	panics    struct{}
	emitsNil  struct{}
	emitsOld  struct{}
	twice     struct{}
	tooDark   struct{}
	prepared  struct{ Words []string }
	measure   struct{}
	keepAbove struct{ Min float32 }
	sharpness struct{} // a kind
)

func (s *relabel) ProcessElement(_ context.Context, img *pipelines.Image, emit func(*pipelines.Image)) error {
	img.Class = s.To
	img.SetNote("was", img.Name)
	emit(img)
	return nil
}

// ProcessElement puts a negative in the image's place.
func (s *invert) ProcessElement(_ context.Context, img *pipelines.Image, emit func(*pipelines.Image)) error {
	rgb, err := img.Pixels()
	if err != nil {
		return err
	}
	neg := image.NewGray(image.Rect(0, 0, rgb.Width, rgb.Height))
	for i := range neg.Pix {
		neg.Pix[i] = 255 - rgb.Pix[3*i]
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, neg, nil); err != nil {
		return err
	}
	if err := img.Replace(b.Bytes()); err != nil {
		return err
	}
	emit(img)
	return nil
}

func (*panics) ProcessElement(context.Context, *pipelines.Image, func(*pipelines.Image)) error {
	panic("boom")
}

func (*emitsNil) ProcessElement(_ context.Context, _ *pipelines.Image, emit func(*pipelines.Image)) error {
	emit(nil)
	return nil
}

func (*emitsOld) ProcessElement(_ context.Context, img *pipelines.Image, emit func(*pipelines.Image)) error {
	emit(&pipelines.Image{Ref: img.Ref})
	return nil
}

func (*twice) ProcessElement(_ context.Context, img *pipelines.Image, emit func(*pipelines.Image)) error {
	emit(img)
	emit(img)
	return nil
}

func (*tooDark) ProcessElement(_ context.Context, img *pipelines.Image, emit func(*pipelines.Image)) error {
	if img.Class == "dog" {
		return fmt.Errorf("looking: %w", pipelines.Reject("too-dark", "mean %d", 3))
	}
	emit(img)
	return nil
}

func (s *prepared) Setup(context.Context, *pipelines.Job) error { return errors.New("no table") }

func (s *prepared) ProcessElement(_ context.Context, img *pipelines.Image, emit func(*pipelines.Image)) error {
	return nil
}

// ProcessElement makes a record of an image.
func (*measure) ProcessElement(_ context.Context, img *pipelines.Image, emit func(*pipelines.Record[sharpness])) error {
	rgb, err := img.Thumbnail(4)
	if err != nil {
		return err
	}
	var b example.Builder
	b.Bytes("image/id", img.ID[:])
	b.Floats("sharpness", float32(rgb.Pix[0]))
	emit(pipelines.NewRecord[sharpness](&b))
	return nil
}

func (s *keepAbove) ProcessElement(_ context.Context, r *pipelines.Record[sharpness], emit func(*pipelines.Record[sharpness])) error {
	ex, err := r.Example()
	if err != nil {
		return err
	}
	v, err := ex.Float("sharpness")
	if err != nil {
		return err
	}
	if v >= s.Min {
		emit(r)
	}
	return nil
}

func imageGraph(root, dir string, e pipelines.Element[*pipelines.Image, *pipelines.Image]) *pipelines.Graph {
	g := pipelines.New("one", pipelines.Root(root))
	pipelines.Add(g, "do", pipelines.Each(e), pipelines.Add(g, "pictures", &pictures{Dir: dir}))
	return g
}

func TestEachErrorsNameTheImage(t *testing.T) {
	dir := stagetest.Folder(t, 8, 3, "cat")
	cases := map[string]struct {
		stage pipelines.Element[*pipelines.Image, *pipelines.Image]
		want  []string
	}{
		"panic":   {&panics{}, []string{"do: ", ".jpg: this is a bug in the stage: panic: boom"}},
		"nil":     {&emitsNil{}, []string{".jpg: the stage emitted nil"}},
		"foreign": {&emitsOld{}, []string{".jpg: the stage emitted an image that it was not given"}},
		"twice":   {&twice{}, []string{".jpg: the stage emitted the image twice"}},
		"setup":   {&prepared{}, []string{"do: setup: no table"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := run(t, imageGraph(t.TempDir(), dir, c.stage), "direct")
			for _, want := range c.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Fatalf("got %v, want %q", err, want)
				}
			}
		})
	}
}

func TestRejectSetsAside(t *testing.T) {
	dir, root := stagetest.Folder(t, 8, 5, "cat", "dog"), t.TempDir()
	if _, err := run(t, imageGraph(root, dir, &tooDark{}), "prism"); err != nil {
		t.Fatal(err)
	}
	m, _ := artifact.Load(blob.Local(filepath.Join(root, "do")))
	if m.Quarantine.Reasons["too-dark"] != 5 || m.Quarantine.First[0].Detail != "mean 3" {
		t.Fatalf("quarantine %+v", m.Quarantine)
	}
}

func TestRelabelAndNotes(t *testing.T) {
	dir, root := stagetest.Folder(t, 8, 5, "cat", "dog"), t.TempDir()
	if _, err := run(t, imageGraph(root, dir, &relabel{To: "animal"}), "direct"); err != nil {
		t.Fatal(err)
	}
	for _, e := range refs(t, filepath.Join(root, "do")) {
		if e.Class != "animal" || e.Label != 0 || e.Notes["was"] != e.Name {
			t.Fatalf("entry %+v", e)
		}
	}
	var meta pipelines.ImagesMeta
	m, _ := artifact.Load(blob.Local(filepath.Join(root, "do")))
	if err := (pipelines.Artifact[pipelines.Images]{Manifest: m}).Meta(&meta); err != nil || !slices.Equal(meta.Classes, []string{"animal"}) {
		t.Fatalf("classes %v, %v", meta.Classes, err)
	}
}

func TestReplacedImagesAreSortedAndRead(t *testing.T) {
	dir, root := stagetest.Folder(t, 8, 20, "cat", "dog"), t.TempDir()
	g := pipelines.New("invert", pipelines.Root(root))
	images := pipelines.Add(g, "pictures", &pictures{Dir: dir})
	negatives := pipelines.Add(g, "invert", pipelines.Each(&invert{}), images)
	pipelines.Add(g, "bright", pipelines.Each(&bright{Min: 100}), negatives)
	if _, err := run(t, g, "direct"); err != nil {
		t.Fatal(err)
	}
	var last string
	list := refs(t, filepath.Join(root, "invert"))
	for _, e := range list {
		if id := e.ID.String(); id <= last {
			t.Fatalf("%s comes after %s", id, last)
		} else {
			last = id
		}
	}
	m, _ := artifact.Load(blob.Local(filepath.Join(root, "bright")))
	if len(list) == 0 || m.Counts["images"]+m.Counts["dropped"] != int64(len(list)) || m.Counts["quarantined"] != 0 {
		t.Fatalf("%d negatives; counts of the next stage %v", len(list), m.Counts)
	}
}

func TestFuseDecodesOnceAndIsOneStage(t *testing.T) {
	dir, root := stagetest.Folder(t, 16, 20, "cat", "dog"), t.TempDir()
	graph := func(version int) *pipelines.Graph {
		g := pipelines.New("fuse", pipelines.Root(root))
		images := pipelines.Add(g, "pictures", &pictures{Dir: dir})
		both := pipelines.Fuse(pipelines.Fuse(&bright{Min: 100, Version: version}, &relabel{To: "x"}), &measure{})
		scores := pipelines.Add(g, "scores", pipelines.Each(both), images)
		pipelines.Add(g, "above", pipelines.Each(&keepAbove{Min: 125}), scores)
		return g
	}
	for _, runner := range runners.Local {
		os.RemoveAll(root)
		if _, err := run(t, graph(0), runner); err != nil {
			t.Fatal(err)
		}
		m, err := artifact.Load(blob.Local(filepath.Join(root, "above")))
		if err != nil || m.Kind != "sharpness" || m.Counts["records"] == 0 || m.Counts["dropped"] == 0 || m.Files[0].Name != "sharpness-00000-of-00001.tfrecord" {
			t.Fatalf("%+v, %v", m, err)
		}
		a, err := pipelines.LoadArtifact[sharpness](filepath.Join(root, "above"))
		if err != nil {
			t.Fatal(err)
		}
		n := int64(0)
		for r, err := range pipelines.Records(a) {
			if err != nil || len(r.Data()) == 0 {
				t.Fatal(err)
			}
			n++
		}
		if n != m.Counts["records"] {
			t.Fatalf("%d records, want %d", n, m.Counts["records"])
		}
	}
	if got, err := run(t, graph(1), "direct"); err != nil || got != "pictures:kept scores:ran above:kept" { // the scores come out as they were
		t.Fatalf("a new version of a fused stage: %s, %v", got, err)
	}
}

func TestElementIsAFunction(t *testing.T) {
	img, err := pipelines.NewImage("a.jpg", "cat", stagetest.JPEG(t, 8, 0, 1))
	if err != nil {
		t.Fatal(err)
	}
	var kept int
	both := pipelines.Fuse(&relabel{To: "x"}, &bright{})
	if err := both.ProcessElement(t.Context(), img, func(*pipelines.Image) { kept++ }); err != nil || kept != 1 || img.Class != "x" {
		t.Fatalf("kept %d, class %q, %v", kept, img.Class, err)
	}
}

func TestEachValidates(t *testing.T) {
	g := pipelines.New("bad")
	images := pipelines.Add(g, "pictures", &pictures{})
	pipelines.Add(g, "one", pipelines.Each(&bright{Min: 300}), images)
	pipelines.Add(g, "two", pipelines.Each(pipelines.Fuse(&relabel{}, &bright{Min: -1})), images)
	err := g.Check()
	for _, want := range []string{"one: Min = 300; want 0 to 255", "two: bright: Min = -1; want 0 to 255"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Fatalf("got %v, want %q", err, want)
		}
	}
}

// A stage of another version is redone, and the plan says for which.
func TestPlanSaysWhichVersionMadeIt(t *testing.T) {
	root, dir := t.TempDir(), stagetest.Folder(t, 8, 2, "cat", "dog")
	if _, err := runners.Run(t.Context(), eachGraph(root, dir, &bright{}), runners.Options{}); err != nil {
		t.Fatal(err)
	}
	steps, err := eachGraph(root, dir, &bright{Version: 2}).Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := "made by version 0 of its stage, this program has version 2"
	if steps[0].State != pipelines.Keep || steps[1].State != pipelines.Run || steps[1].Why != want {
		t.Fatalf("%s, %s because %q; want kept, and %q", steps[0].State, steps[1].State, steps[1].Why, want)
	}
}
