package split

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/index"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"

	"context"
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
	w := index.NewWriter(out.Path("."), "index", int64(total))
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

func run(t *testing.T, m *made, s *ByLabel, test *made) (map[string][]index.Entry, error) {
	t.Helper()
	g := pipelines.New("t", pipelines.Root(t.TempDir()))
	images := pipelines.Add(g, "images", m)
	if test != nil {
		s.Test = pipelines.Add(g, "test", test)
	}
	Add(g, "split", s, images)
	results, err := runners.Run(t.Context(), g, runners.Options{})
	if err != nil {
		return nil, err
	}
	parts := map[string][]index.Entry{}
	for _, port := range []string{labelledPort, unlabelledPort, trainPort, testPort} {
		a := pipelines.Artifact[pipelines.Images]{Dir: filepath.Join(g.Root(), "split"), Port: port, Manifest: results[len(results)-1].Manifest}
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
	parts, err := run(t, &made{PerClass: []int{50, 30, 20}}, &ByLabel{Fraction: 0.1, TestFraction: 0.2}, nil)
	if err != nil {
		t.Fatal(err)
	}
	labelled, hidden, held := ids(parts[labelledPort]), ids(parts[unlabelledPort]), ids(parts[testPort])
	for image := range held {
		if labelled[image] || hidden[image] || ids(parts[trainPort])[image] {
			t.Fatalf("%s is held out and trained on", image)
		}
	}
	if len(labelled) != 8 || len(hidden) != 72 || len(held) != 20 || len(parts[trainPort]) != 80 {
		t.Fatalf("%d labelled, %d unlabelled, %d held out, %d to train on", len(labelled), len(hidden), len(held), len(parts[trainPort]))
	}
	for _, port := range []string{unlabelledPort, trainPort} {
		for _, e := range parts[port] {
			if labelled[e.ID] {
				continue
			}
			if e.Label != imagefile.UnknownLabel || e.Class != "" || e.Name != "" {
				t.Fatalf("%s tells the label of %+v", port, e)
			}
		}
	}
}

func TestSameSeedSameSplitOtherSeedOther(t *testing.T) {
	choose := func(seed uint64) string {
		parts, err := run(t, &made{PerClass: []int{50, 50}}, &ByLabel{PerClass: 5, TestFraction: 0.2, Seed: seed}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(parts[labelledPort])
	}
	if choose(1) != choose(1) || choose(1) == choose(2) {
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
	for _, n := range Even(sizes, 12811, order) {
		count[n]++
	}
	if count[13] != 811 || count[12] != 189 {
		t.Fatalf("got %v", count)
	}
}

func TestSeparateTestSet(t *testing.T) {
	parts, err := run(t, &made{PerClass: []int{10, 10}}, &ByLabel{PerClass: 2}, &made{PerClass: []int{3, 0}})
	if err != nil {
		t.Fatal(err)
	}
	if len(parts[testPort]) != 3 || len(parts[trainPort]) != 17 { // ids 0 to 2 are in both
		t.Fatalf("%d to test, %d to train on", len(parts[testPort]), len(parts[trainPort]))
	}
}

func TestBadSplits(t *testing.T) {
	for name, c := range map[string]struct {
		m    made
		s    ByLabel
		test *made
		want string
	}{
		"one class":         {made{PerClass: []int{9}}, ByLabel{PerClass: 1, TestFraction: .2}, nil, `all labelled images are of one class, "class000"`},
		"too few per class": {made{PerClass: []int{9, 5}}, ByLabel{PerClass: 5, TestFraction: .2}, nil, `class "class001" has 4 labelled images`},
		"nothing to test":   {made{PerClass: []int{9, 5}}, ByLabel{PerClass: 5}, nil, "nothing to evaluate on"},
		"unknown class":     {made{PerClass: []int{5, 5}}, ByLabel{PerClass: 1}, &made{PerClass: []int{1, 1, 1}, Salt: 1}, `has the class "class002"`},
		"no such list":      {made{PerClass: []int{5, 5}}, ByLabel{IDs: "/no/such", TestFraction: .2}, nil, "/no/such"},
		"all to test":       {made{PerClass: []int{1, 9}}, ByLabel{PerClass: 2, TestFraction: .2}, nil, `class "class000" has 1 labelled`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := run(t, &c.m, &c.s, c.test); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v\nwant %q in it", err, c.want)
			}
		})
	}
}
