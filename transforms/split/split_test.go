package split_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/index"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
	"github.com/retort-ml/retort/transforms/split"
)

// made stands in for ingest: an index of PerClass[c] images of every class.
type made struct {
	PerClass []int
	Salt     byte
}

func (m *made) Run(_ context.Context, _ pipelines.Artifact[pipelines.None], out *pipelines.Output[pipelines.Images]) error {
	total, meta := 0, pipelines.ImagesMeta{}
	for c, n := range m.PerClass {
		total += n
		meta.Classes = append(meta.Classes, fmt.Sprintf("class%03d", c))
	}
	w := out.Index("index", int64(total))
	k := 0
	for c, n := range m.PerClass {
		for range n {
			var ref imagefile.Ref
			ref.ID = imagefile.ID{byte(k >> 16), byte(k >> 8), byte(k), m.Salt}
			ref.Label, ref.Name = int32(c), fmt.Sprintf("class%03d/%d.jpg", c, k)
			if err := w.Write(ref, meta.Classes[c]); err != nil {
				return err
			}
			k++
		}
	}
	files, err := w.Close()
	for _, f := range files {
		out.AddDescribed(f)
	}
	if err != nil {
		return err
	}
	return out.SetMeta(meta)
}

func run(t *testing.T, m *made, s *split.ByLabel, test *made) (map[string][]index.Entry, error) {
	t.Helper()
	g := pipelines.New("t", pipelines.Root(t.TempDir()))
	images := pipelines.Add(g, "images", m)
	if test != nil {
		s.Test = pipelines.Add(g, "test", test)
	}
	split.Add(g, "split", s, images)
	if _, err := runners.Run(t.Context(), g, runners.Options{}); err != nil {
		return nil, err
	}
	a, err := pipelines.LoadArtifact[pipelines.Images](g.At("split", ""))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string][]index.Entry{}
	for _, port := range []string{"labelled", "unlabelled", "train", "test", "validation"} {
		a.Port = port
		for e, err := range pipelines.References(a) {
			if err != nil {
				t.Fatal(err)
			}
			parts[port] = append(parts[port], e)
		}
	}
	return parts, nil
}

func ids(list []index.Entry) map[imagefile.ID]bool {
	set := map[imagefile.ID]bool{}
	for _, e := range list {
		set[e.ID] = true
	}
	return set
}

func TestPartsAreDisjointAndHideLabels(t *testing.T) {
	parts, err := run(t, &made{PerClass: []int{50, 30, 20}}, &split.ByLabel{Fraction: 0.1, TestFraction: 0.2}, nil)
	if err != nil {
		t.Fatal(err)
	}
	labelled, hidden, held := ids(parts["labelled"]), ids(parts["unlabelled"]), ids(parts["test"])
	for image := range held {
		if labelled[image] || hidden[image] || ids(parts["train"])[image] {
			t.Fatalf("%s is held out and trained on", image)
		}
	}
	if len(labelled) != 8 || len(hidden) != 72 || len(held) != 20 || len(parts["train"]) != 80 {
		t.Fatalf("%d labelled, %d unlabelled, %d held out, %d to train on", len(labelled), len(hidden), len(held), len(parts["train"]))
	}
	for _, port := range []string{"unlabelled", "train"} {
		for _, e := range parts[port] {
			if e.Label != imagefile.UnknownLabel || e.Class != "" || e.Name != "" {
				t.Fatalf("%s tells the label of %+v", port, e)
			}
		}
	}
}

func TestSameSeedSameSplitOtherSeedOther(t *testing.T) {
	choose := func(seed uint64) string {
		parts, err := run(t, &made{PerClass: []int{50, 50}}, &split.ByLabel{PerClass: 5, TestFraction: 0.2, Seed: seed}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(parts["labelled"])
	}
	first, again, other := choose(1), choose(1), choose(2)
	if first != again || first == other {
		t.Fatal("the split does not depend on the seed alone")
	}
}

// ImageNet's 1 % is 12,811 images: 811 classes of 13 and 189 of 12.
func TestEvenIsThePapersOnePercent(t *testing.T) {
	sizes, order := make([]int, 1000), make([]int, 1000)
	for c := range sizes {
		sizes[c], order[c] = 1281, c
	}
	count := map[int]int{}
	for _, n := range split.Even(sizes, 12811, order) {
		count[n]++
	}
	if count[13] != 811 || count[12] != 189 {
		t.Fatalf("got %v", count)
	}
}

func TestSeparateTestSet(t *testing.T) {
	parts, err := run(t, &made{PerClass: []int{10, 10}}, &split.ByLabel{PerClass: 2}, &made{PerClass: []int{3, 0}})
	if err != nil {
		t.Fatal(err)
	}
	if len(parts["test"]) != 3 || len(parts["train"]) != 17 { // ids 0 to 2 are in both
		t.Fatalf("%d to test, %d to train on", len(parts["test"]), len(parts["train"]))
	}
}

func TestBadSplits(t *testing.T) {
	for name, c := range map[string]struct {
		m    made
		s    split.ByLabel
		test *made
		want string
	}{
		"one class":         {made{PerClass: []int{9}}, split.ByLabel{PerClass: 1, TestFraction: .2}, nil, `all labelled images are of one class, "class000"`},
		"too few per class": {made{PerClass: []int{9, 5}}, split.ByLabel{PerClass: 5, TestFraction: .2}, nil, `class "class001" has 4 labelled images`},
		"nothing to test":   {made{PerClass: []int{9, 5}}, split.ByLabel{PerClass: 5}, nil, "nothing to evaluate on"},
		"unknown class":     {made{PerClass: []int{5, 5}}, split.ByLabel{PerClass: 1}, &made{PerClass: []int{1, 1, 1}, Salt: 1}, `has the class "class002"`},
		"no such list":      {made{PerClass: []int{5, 5}}, split.ByLabel{IDs: "/no/such", TestFraction: .2}, nil, "/no/such"},
		"all to test":       {made{PerClass: []int{1, 9}}, split.ByLabel{PerClass: 2, TestFraction: .2}, nil, `class "class000" has 1 labelled`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := run(t, &c.m, &c.s, c.test); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v\nwant %q in it", err, c.want)
			}
		})
	}
}

// TestListedIDs: the list names images as tables of labels do, and nothing on it
// is passed over.
func TestListedIDs(t *testing.T) {
	list := func(text string) string {
		path := filepath.Join(t.TempDir(), "ids.csv")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	m := &made{PerClass: []int{6, 6}}
	for name, text := range map[string]string{
		"names":        "class000/0.jpg\nclass001/7.jpg\n",
		"UTF-16":       "\xff\xfec\x00l\x00a\x00s\x00s\x000\x000\x000\x00/\x000\x00\r\x00\n\x007\x00\n\x00",
		"table":        "image_id;fold\nclass000\\0;1\n7;2\n# nothing;\n",
		"ids":          "# mine\n00000000000000000000000000000000\r\n00000700000000000000000000000000\r\n",
		"the same row": "0.jpg\n./0.jpg\n7\n",
	} {
		t.Run(name, func(t *testing.T) {
			parts, err := run(t, m, &split.ByLabel{IDs: list(text), TestFraction: .2}, nil)
			if err != nil || len(parts["labelled"]) != 2 || parts["labelled"][0].ID != (imagefile.ID{}) || parts["labelled"][1].ID != (imagefile.ID{0, 0, 7}) {
				t.Errorf("%v, %v", parts["labelled"], err)
			}
		})
	}
	_, err := run(t, m, &split.ByLabel{IDs: list("class000/0.jpg\nclass001/70.jpg\nclass000/O.jpg\n"), TestFraction: .2}, nil)
	if err == nil || !strings.Contains(err.Error(), `ids.csv:2: "class001/70.jpg" is neither the id nor the name of a labelled image for training; there are 2 such lines`) || !strings.Contains(err.Error(), "did you mean") {
		t.Error(err)
	}
}

func TestForeignClassesAreNamedAtOnce(t *testing.T) {
	_, err := run(t, &made{PerClass: []int{5, 5}}, &split.ByLabel{PerClass: 1}, &made{PerClass: []int{1, 1, 1, 2}, Salt: 1})
	if err == nil || !strings.Contains(err.Error(), `the classes "class002" (class002/2.jpg), "class003" (class003/3.jpg), which`) {
		t.Error(err)
	}
}
