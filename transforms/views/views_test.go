package views_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/retort-ml/retort/internal/stagetest"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/tfrecord"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
	"github.com/retort-ml/retort/transforms/ingest"
	"github.com/retort-ml/retort/transforms/views"
	"github.com/retort-ml/retort/transforms/views/augment"
)

func init() {
	views.RunGraph = func(ctx context.Context, g *pipelines.Graph) error {
		_, err := runners.Run(ctx, g, runners.Options{})
		return err
	}
}

func pair(size int) []augment.Config {
	return []augment.Config{augment.Pretrain(size), augment.Pretrain(size)}
}

func run(t *testing.T, source, runner string, s *views.Stage) (*views.Dataset, *pipelines.Artifact[pipelines.Views]) {
	t.Helper()
	g := pipelines.New("t", pipelines.Root(t.TempDir()))
	images := pipelines.Add(g, "ingest", &ingest.Images{Source: []string{source}, Labels: "folder"})
	pipelines.Add(g, "views", s, images)
	where, err := runners.ByName(runner)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := runners.Run(t.Context(), g, runners.Options{Runner: where}); err != nil {
		t.Fatal(err)
	}
	return opened(t, g)
}

// opened is what a graph's views stage made.
func opened(t *testing.T, g *pipelines.Graph) (*views.Dataset, *pipelines.Artifact[pipelines.Views]) {
	t.Helper()
	a, err := pipelines.LoadArtifact[pipelines.Views](g.At("views", ""))
	if err != nil {
		t.Fatal(err)
	}
	d, err := views.Open(a)
	if err != nil {
		t.Fatal(err)
	}
	return d, &a
}

// stream collects n records from start on, as text.
func stream(t *testing.T, d *views.Dataset, start, n int64) string {
	t.Helper()
	var b strings.Builder
	for it, err := range d.Stream(7, start) {
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&b, it.ID, it.Pass, it.Label, imagefile.IDOf(bytes.Join(it.Views, nil)))
		if n--; n == 0 {
			break
		}
	}
	return b.String()
}

func TestShardsAreTheSameOnEveryRunner(t *testing.T) {
	source := stagetest.Folder(t, 24, 10, "a", "b")
	var want string
	for _, runner := range runners.Local {
		_, a := run(t, source, runner, &views.Stage{Views: pair(16), Passes: 2, Seed: 3, ShardBytes: 20000})
		var got strings.Builder
		for _, f := range a.Files("views") {
			fmt.Fprintln(&got, f.Name, f.Records, f.CRC32C)
		}
		if want == "" {
			want = got.String()
		}
		if got.String() != want || len(a.Files("views")) < 4 {
			t.Fatalf("%s gives\n%s\nwant\n%s", runner, got.String(), want)
		}
	}
}

func TestStreamDoesNotDependOnShardsOrStart(t *testing.T) {
	source := stagetest.Folder(t, 24, 10, "a", "b")
	few, _ := run(t, source, "direct", &views.Stage{Views: pair(16), Passes: 2, Seed: 3})
	many, _ := run(t, source, "direct", &views.Stage{Views: pair(16), Passes: 2, Seed: 3, ShardBytes: 9000, Compression: tfrecord.Zstd})
	if few.Shards == many.Shards {
		t.Fatalf("both have %d shards", few.Shards)
	}
	all := stream(t, few, 0, 90)
	if got := stream(t, many, 0, 90); got != all {
		t.Fatalf("the order depends on the number of shards:\n%s\nand\n%s", got, all)
	}
	lines := strings.SplitAfter(all, "\n")
	for _, start := range []int{1, 19, 20, 37, 65} {
		if got := stream(t, many, int64(start), 20); got != strings.Join(lines[start:start+20], "") {
			t.Fatalf("from %d on the stream is another", start)
		}
	}
	for epoch := range 4 {
		seen := map[string]bool{}
		for _, line := range lines[20*epoch : 20*epoch+20] {
			seen[strings.Fields(line)[0]] = true
		}
		if len(seen) != 20 {
			t.Fatalf("epoch %d has %d of 20 images", epoch, len(seen))
		}
	}
}

// Sources of 70 pixels are decoded whole, those of 150 at half their size.
func TestRecipesReplayThePixels(t *testing.T) {
	for _, size := range []int{30, 70, 150} {
		source := stagetest.Folder(t, size, 6, "a", "b")
		var streams [2]string
		for i, exact := range []bool{false, true} {
			pixels, _ := run(t, source, "direct", &views.Stage{Views: pair(16), Passes: 2, Seed: 3, Exact: exact})
			recipe, _ := run(t, source, "direct", &views.Stage{Views: pair(16), Passes: 2, Seed: 3, Exact: exact, Store: "recipe"})
			png, _ := run(t, source, "direct", &views.Stage{Views: pair(16), Passes: 2, Seed: 3, Exact: exact, Format: "png"})
			want := stream(t, pixels, 0, 24)
			if stream(t, recipe, 0, 24) != want {
				t.Errorf("%d px, exact=%v: replayed views differ", size, exact)
			}
			if stream(t, png, 0, 24) != want {
				t.Errorf("%d px, exact=%v: views through PNG differ", size, exact)
			}
			streams[i] = want
		}
		if reduced := streams[0] != streams[1]; reduced != (size == 150) {
			t.Errorf("%d px: reduced decoding gives other views: %v", size, reduced)
		}
	}
}

// A view depends on its own key alone: not on how many passes are made with it,
// nor on what region or scale they need.
func TestPassesDoNotDependOnEachOther(t *testing.T) {
	source := stagetest.Folder(t, 150, 6, "a", "b")
	few, _ := run(t, source, "direct", &views.Stage{Views: pair(16), Passes: 1, Seed: 3})
	many, _ := run(t, source, "direct", &views.Stage{Views: pair(16), Passes: 4, Seed: 3})
	if stream(t, few, 0, 12) != stream(t, many, 0, 12) {
		t.Error("the views of the first pass differ")
	}
}

// More passes than files can be open at once are held in memory; the bytes are
// those of files written in place.
func TestManyPasses(t *testing.T) {
	source := stagetest.Folder(t, 24, 4, "a", "b")
	few, fewShards := run(t, source, "direct", &views.Stage{Views: pair(8), Passes: 2, Seed: 3})
	many, manyShards := run(t, source, "direct", &views.Stage{Views: pair(8), Passes: 600, Seed: 3})
	if few.Shards != 1 || many.Shards != 1 || len(manyShards.Files("views")) != 600 {
		t.Fatalf("%d and %d shards a pass, %d files", few.Shards, many.Shards, len(manyShards.Files("views")))
	}
	for pass, f := range fewShards.Files("views") {
		if got := manyShards.Files("views")[pass]; got.CRC32C != f.CRC32C || got.Records != f.Records {
			t.Errorf("pass %d: %d records, sum %08x; want %d, %08x", pass, got.Records, got.CRC32C, f.Records, f.CRC32C)
		}
	}
}

// An image that went bad since it was listed leaves no trace in the shards: they
// are those of a set without it.
func TestImagesThatWentBadAreQuarantined(t *testing.T) {
	for name, s := range map[string]*views.Stage{
		"raw":     {Views: pair(16), Passes: 2, ShardBytes: 20000},
		"zstd":    {Views: pair(16), Passes: 2, ShardBytes: 20000, Compression: tfrecord.Zstd},
		"png":     {Views: pair(16), Passes: 2, ShardBytes: 20000, Format: "png"},
		"smaller": {Views: pair(16), Passes: 2, ShardBytes: 20000},
		"large":   {Views: pair(288), Passes: 2}, // enough for a disk to be written directly
	} {
		source := stagetest.Folder(t, 24, 10, "a", "b")
		g := pipelines.New("t", pipelines.Root(t.TempDir()))
		images := pipelines.Add(g, "ingest", &ingest.Images{Source: []string{source}, Labels: "folder"})
		bad := filepath.Join(source, "a", "003.jpg")
		info, err := os.Stat(bad)
		if err != nil {
			t.Fatal(err)
		}
		spoiled := make([]byte, info.Size())
		if name == "smaller" { // another image of as many bytes
			if spoiled, err = os.ReadFile(bad); err != nil {
				t.Fatal(err)
			}
			frame := bytes.Index(spoiled, []byte{0xFF, 0xC0})
			spoiled[frame+6] = 8 // of 24 rows
		}
		pipelines.Add(g, "views", s, images)
		results, err := runners.Run(t.Context(), g, runners.Options{Reporter: after{stage: "ingest", do: func() { replace(t, bad, spoiled) }}})
		if err != nil {
			t.Fatal(err)
		}
		m := results[1].Manifest
		if c := m.Counts; c["images"] != 19 || c["quarantined"] != 1 || c["records"] != 38 || m.Quarantine.Total != 1 {
			t.Fatalf("%s: counts %v, quarantine %+v", name, c, m.Quarantine)
		}
		made, err := pipelines.LoadArtifact[pipelines.Views](g.At("views", ""))
		if err != nil {
			t.Fatal(err)
		}
		got, err := views.Open(made)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(bad); err != nil {
			t.Fatal(err)
		}
		want, _ := run(t, source, "direct", s)
		if stream(t, got, 0, 38) != stream(t, want, 0, 38) {
			t.Errorf("%s: the shards differ from those of a set without the image", name)
		}
	}
}

// Files so large that they may go to the disk around the page cache hold what those
// hold that are made in memory.
func TestLargeShards(t *testing.T) {
	source := stagetest.Folder(t, 24, 10, "a", "b")
	raw, _ := run(t, source, "direct", &views.Stage{Views: pair(288), Passes: 1})
	held, _ := run(t, source, "direct", &views.Stage{Views: pair(288), Passes: 1, Compression: tfrecord.Zstd})
	if stream(t, raw, 0, 20) != stream(t, held, 0, 20) {
		t.Error("the views differ")
	}
}

// after does something when a stage is finished.
type after struct {
	pipelines.Silent
	stage string
	do    func()
}

func (a after) Finished(r pipelines.Result) {
	if r.Name == a.stage {
		a.do()
	}
}

// A stage that set aside too many images looks at them again once they are
// mended, even where nothing tells that they were.
func TestMendedImagesAreLookedAtAgain(t *testing.T) {
	source := stagetest.Folder(t, 24, 12, "a", "b")
	s := &views.Stage{Views: pair(16), Passes: 2, ShardBytes: 20000}
	g := pipelines.New("t", pipelines.Root(t.TempDir()))
	images := pipelines.Add(g, "ingest", &ingest.Images{Source: []string{source}, Labels: "folder"})
	if _, err := runners.Run(t.Context(), g, runners.Options{}); err != nil {
		t.Fatal(err)
	}
	pipelines.Add(g, "views", s, images)
	names, err := filepath.Glob(filepath.Join(source, "a", "*"))
	if err != nil || len(names) != 12 {
		t.Fatal(names, err)
	}
	good := map[string][]byte{}
	for _, name := range names {
		if good[name], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
		replace(t, name, make([]byte, len(good[name])))
	}
	if _, err := runners.Run(t.Context(), g, runners.Options{}); err == nil || !strings.Contains(err.Error(), "12 of 24 images") {
		t.Fatalf("got %v; want an error that names 12 of 24 images", err)
	}
	for name, data := range good {
		replace(t, name, data)
	}
	results, err := runners.Run(t.Context(), g, runners.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, want := run(t, source, "direct", s)
	for i, f := range want.Files("views") {
		if got := results[1].Manifest.Files[i]; got != f {
			t.Errorf("got %+v, want %+v", got, f)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(g.Root(), "views", "quarantine*")); len(left) > 0 {
		t.Errorf("nothing is quarantined, but there is %s", left)
	}
}

// replace changes what is in a file and keeps its time: the listing is kept.
func replace(t *testing.T, name string, data []byte) {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	stagetest.Write(t, name, data)
	if err := os.Chtimes(name, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
}

func TestValidate(t *testing.T) {
	for want, s := range map[string]*views.Stage{
		"Passes = 0":      {Views: pair(16)},
		"0 augmentations": {Passes: 1},
		`Store = "disk"`:  {Views: pair(16), Passes: 1, Store: "disk"},
		`Format = "gif"`:  {Views: pair(16), Passes: 1, Format: "gif"},
	} {
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
