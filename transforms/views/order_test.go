package views

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/example"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/tfrecord"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/views/augment"
)

// many is a stage whose blocks are small: 7 images of 224 pixels, 30 of them open at
// once. Recipes take no time to make and no room.
func many(shardBytes int64, c tfrecord.Compression) *Stage {
	v := augment.Pretrain(224)
	return &Stage{Views: []augment.Config{v, v}, Passes: 2, Seed: 3, Store: "recipe", ShardBytes: shardBytes, Compression: c}
}

// RunGraph is how graphs are run, which this package's own tests cannot know.
var RunGraph func(ctx context.Context, g *pipelines.Graph) error

// listing lists N images that are not there.
type listing struct{ N int }

func (s *listing) Run(_ context.Context, _ pipelines.Artifact[pipelines.None], out *pipelines.Output[pipelines.Images]) error {
	w := out.Index("index", int64(s.N))
	for i := range s.N {
		if err := w.Write(imagefile.Ref{ID: idNumber(i, s.N), URI: "x", Length: 1, Label: int32(i % 3), Width: 300, Height: 300}, ""); err != nil {
			return err
		}
	}
	files, err := w.Close()
	if err != nil {
		return err
	}
	for _, f := range files {
		out.AddDescribed(f)
	}
	return out.SetMeta(pipelines.ImagesMeta{Classes: []string{"a", "b", "c"}})
}

func init() { pipelines.Register(&listing{}) }

// idNumber are ids that ascend with i and are spread as hashes are.
func idNumber(i, n int) (id imagefile.ID) {
	binary.BigEndian.PutUint64(id[:], uint64(i)*(math.MaxUint64/uint64(n))+mix(uint64(i))%1000)
	return id
}

// made runs the stage on n images that are only listed.
func made(t *testing.T, n int, s *Stage) *Dataset {
	t.Helper()
	return madeIn(t, t.TempDir(), n, s)
}

func madeIn(t *testing.T, root string, n int, s *Stage) *Dataset {
	t.Helper()
	g := pipelines.New("t", pipelines.Root(root))
	images := pipelines.Add(g, "listing", &listing{N: n})
	pipelines.Add(g, "views", s, images)
	if err := RunGraph(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	a, err := pipelines.LoadArtifact[pipelines.Views](g.At("views", ""))
	if err != nil {
		t.Fatal(err)
	}
	d, err := Open(a)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// ids are those of n records of the stream from start on.
func ids(t *testing.T, d *Dataset, seed uint64, start int64, n int) []imagefile.ID {
	t.Helper()
	var got []imagefile.ID
	for p, err := range d.raw(seed, start) {
		if err != nil {
			t.Fatal(err)
		}
		var ex example.Example
		id, err := idOf(&ex, p.record)
		if err != nil || id != p.id {
			t.Fatal(err, id, p.id)
		}
		got = append(got, id)
		p.done()
		if len(got) == n {
			break
		}
	}
	return got
}

// orderOf is what the order is meant to be, said in one piece: that of n images in
// blocks of so many bytes, over some epochs.
func orderOf(n, recordBytes, passes, epochs int, seed uint64) (all []imagefile.ID) {
	blocks := (n*recordBytes + BlockBytes - 1) / BlockBytes
	together := max(leastOpen, windowBytes/(n*recordBytes/blocks+1))
	for epoch := range epochs {
		draw := rand.New(rand.NewPCG(mix(seed), mix(uint64(epoch)+0x9E3779B97F4A7C15)))
		order := make([]int, blocks)
		for b := range order {
			order[b] = b
		}
		draw.Shuffle(blocks, func(i, j int) { order[i], order[j] = order[j], order[i] })
		for g := 0; g*together < blocks; g++ {
			var records []imagefile.ID
			for _, b := range order[g*together : min(blocks, (g+1)*together)] {
				for i := n * b / blocks; i < n*(b+1)/blocks; i++ {
					records = append(records, idNumber(i, n))
				}
			}
			slices.SortFunc(records, func(a, b imagefile.ID) int {
				return cmp.Compare(OrderKey(a, epoch%passes), OrderKey(b, epoch%passes))
			})
			draw := rand.New(rand.NewPCG(seed, uint64(epoch)+uint64(g)<<40))
			draw.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
			all = append(all, records...)
		}
	}
	return all
}

const recordOf224 = 512 + 2*3*224*224

// The order is a function of seed and images alone: whatever the shards, however
// they are compressed, from wherever one starts.
func TestOrderByBlocks(t *testing.T) {
	const n, epochs = 500, 5
	want := orderOf(n, recordOf224, 2, epochs, 7)
	for _, c := range []tfrecord.Compression{tfrecord.None, tfrecord.Gzip, tfrecord.Zlib, tfrecord.Zstd} {
		for _, shardBytes := range []int64{1 << 30, 200 << 10, 8 << 10, 2 << 10} {
			if shardBytes < 100<<10 && c != tfrecord.None && c != tfrecord.Zstd {
				continue
			}
			d := made(t, n, many(shardBytes, c))
			t.Run(fmt.Sprintf("%v/shards=%d", c, d.Shards), func(t *testing.T) {
				if d.Blocks() != 72 {
					t.Fatalf("%d blocks", d.Blocks())
				}
				if got := ids(t, d, 7, 0, n*epochs); !slices.Equal(got, want) {
					t.Fatal("another order")
				}
				for _, start := range []int{1, 210, n - 1, n, 2*n + 431} {
					if got := ids(t, d, 7, int64(start), 300); !slices.Equal(got, want[start:start+300]) {
						t.Fatalf("from %d on another order", start)
					}
				}
			})
		}
	}
	if slices.Equal(want[:n], want[2*n:3*n]) {
		t.Error("a pass comes in the same order twice")
	}
}

func TestNumbersOfBlocks(t *testing.T) {
	s := many(0, tfrecord.None)
	for images, want := range map[int64]int64{0: 1, 1: 1, 7: 2, 1_000_000: 143_799, 100_000_000: maxBlocks, 1_000_000_000: maxBlocks} {
		if got := s.blocks(images); got != want {
			t.Errorf("%d images: %d blocks, want %d", images, got, want)
		}
	}
}

// Readers that share an epoch have each image once, and each a part of its own.
func TestReadersShareAnEpoch(t *testing.T) {
	const n = 500
	d := made(t, n, many(200<<10, tfrecord.None))
	for _, readers := range []int{1, 2, 3, 8} {
		for epoch := range 3 {
			seen := map[imagefile.ID]int{}
			for rank := range readers {
				part, err := d.Share(rank, readers)
				if err != nil {
					t.Fatal(err)
				}
				var before, in int64
				for e := range epoch + 1 {
					before, in = before+in, 0
					for _, b := range part.blocksOf(5, int64(e)) {
						in += d.layout.records[b]
					}
				}
				if in < n/int64(readers)-30 || in > n/int64(readers)+30 {
					t.Errorf("reader %d of %d has %d of %d images", rank, readers, in, n)
				}
				for _, id := range ids(t, part, 5, before, int(in)) {
					seen[id]++
				}
			}
			if len(seen) != n {
				t.Errorf("%d readers see %d of %d images in epoch %d", readers, len(seen), n, epoch)
			}
		}
	}
	for _, bad := range [][2]int{{0, 0}, {-1, 2}, {2, 2}, {0, 73}} {
		if _, err := d.Share(bad[0], bad[1]); err == nil {
			t.Errorf("reader %d of %d is none", bad[0], bad[1])
		}
	}
}

// counting counts what is open and read.
type counting struct {
	files
	mu                sync.Mutex
	open, most, opens int
}

func (c *counting) Open(name string) (blob.File, error) {
	f, err := c.files.Open(name)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open, c.opens = c.open+1, c.opens+1
	c.most = max(c.most, c.open)
	return &countedFile{f, c}, err
}

type countedFile struct {
	blob.File
	of *counting
}

func (f *countedFile) Close() error {
	f.of.mu.Lock()
	defer f.of.mu.Unlock()
	f.of.open--
	return f.File.Close()
}

func TestFewFilesAreOpenAndNoneIsReadForNothing(t *testing.T) {
	const n = 500
	d := made(t, n, many(2<<10, tfrecord.None))
	c := &counting{files: d.from}
	d.from = c
	ids(t, d, 7, 0, n)
	if c.most > fetchers || c.open != 0 || c.opens > d.Shards+60*2*d.Shards/d.Blocks() {
		t.Errorf("%d open at once, %d at the end, %d opened of %d", c.most, c.open, c.opens, d.Shards)
	}
	c.opens = 0
	ids(t, d, 7, n-1, 1) // the last group, and one ahead
	if most := 45 * d.Shards / d.Blocks(); c.opens > most {
		t.Errorf("%d files opened for one record, want at most %d", c.opens, most)
	}
}

// What lies in a store is read from there once, and from this machine after that.
func TestBlocksOfAStoreAreKept(t *testing.T) {
	const n = 500
	want := orderOf(n, recordOf224, 2, 6, 7)
	for _, c := range []tfrecord.Compression{tfrecord.None, tfrecord.Zstd} {
		d := madeIn(t, "mem://views/"+c.String(), n, many(200<<10, c))
		counts := &counting{files: d.from}
		d.from = counts
		if got := ids(t, d, 7, 0, 6*n); !slices.Equal(got, want) {
			t.Error("another order")
		}
		if most := 2 * d.Blocks(); counts.opens > most {
			t.Errorf("%v: %d ranges were read, of %d blocks in two passes", c, counts.opens, most)
		}
	}
}

// What is kept until a batch is whole stays as it is while groups are read on.
func TestMemoryOfKeptRecords(t *testing.T) {
	const n, batch = 500, 333
	for _, c := range []tfrecord.Compression{tfrecord.None, tfrecord.Zstd} {
		d := made(t, n, many(200<<10, c))
		want := orderOf(n, recordOf224, 2, 7, 7)
		var kept []pair
		number := 0
		for p, err := range d.raw(7, 0) {
			if err != nil {
				t.Fatal(err)
			}
			kept = append(kept, *p)
			if len(kept) < batch {
				continue
			}
			var ex example.Example
			for i := range kept {
				if id, err := idOf(&ex, kept[i].record); err != nil || id != want[number*batch+i] {
					t.Fatalf("record %d of batch %d is of %s, %v", i, number, id, err)
				}
			}
			for i := range kept {
				kept[i].done()
			}
			kept = kept[:0]
			if number++; (number+1)*batch > len(want) {
				break
			}
		}
	}
}

func TestDamagedLayouts(t *testing.T) {
	d := made(t, 100, many(200<<10, tfrecord.None))
	for want, change := range map[string]func(){
		"records in pass":      func() { d.Images++ },
		"shards; want":         func() { d.Passes++ },
		"blocks; want":         func() { d.Meta.Blocks++ },
		"impossible block":     func() { d.files[0].Blocks = "1@5" },
		"its blocks have":      func() { d.files[0].Records++ },
		"blocks in 3 shards a": func() { d.Meta.Blocks = 2; d.Shards = 3 },
	} {
		meta, file := d.Meta, d.files[0]
		change()
		if _, err := lay(&d.Meta, d.files); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
		d.Meta, d.files[0] = meta, file
	}
}

// A file that is not what the manifest says is an error that names it.
func TestBlocksThatChanged(t *testing.T) {
	d := made(t, 100, many(1<<30, tfrecord.None))
	for want, change := range map[string]func(s *segment){
		"is cut short":     func(s *segment) { s.file.end = 1 << 30 },
		"checksum differs": func(s *segment) { s.file.at++ },
		"the manifest say": func(s *segment) { s.records++ },
		"bytes; the manif": func(s *segment) { s.file.size++ },
	} {
		segments := slices.Clone(d.layout.of(0, 0))
		change(&segments[0])
		if _, err := d.read(segments, 0, &shelf{}); err == nil || !strings.Contains(err.Error(), "views-00000") || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// A file of the same size in another one's place is an error, not images twice and
// others never.
func TestFilesThatChangedPlaces(t *testing.T) {
	for want, with := range map[string]int{"has images of other blocks": 5, "is of pass 1": 1} {
		d := made(t, 42, many(6<<10, tfrecord.None)) // 7 files a pass, of a block of 6
		if with == 1 {
			with = d.Meta.Shards // the same block in the next pass
		}
		a, b := d.files[0], &d.files[with]
		d.files = slices.Clone(d.files)
		d.files[0] = *b
		if a.Records != b.Records {
			t.Fatal("files of different sizes")
		}
		var err error
		if d.layout, err = lay(&d.Meta, d.files); err != nil {
			t.Fatal(err)
		}
		for _, err = range d.raw(1, 0) {
			if err != nil {
				break
			}
		}
		if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "delete the stage's folder") {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// Two images meet in a batch about as often as in a full shuffle: those of different
// blocks to the percent, each pair as often as any other (chi-square, significance
// 0.001); those of one block, one pair in as many as there are blocks, more often,
// by as much as there are more blocks than are open at once.
func TestMixing(t *testing.T) {
	const blocks, per, batch, epochs = 320, 16, 64, 600
	n := blocks * per
	d := &Dataset{Meta: Meta{Images: int64(n), Passes: 3, Sizes: []int{209}}, readers: 1,
		layout: &layout{blocks: blocks, records: slices.Repeat([]int64{per}, blocks)}}
	together := d.width()
	if together != 31 {
		t.Fatalf("%d blocks at once", together)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	pairs := make([][2]int, 4000)
	for i := range pairs {
		a, b := rng.IntN(n), rng.IntN(n)
		for a/per == b/per {
			b = rng.IntN(n)
		}
		pairs[i] = [2]int{a, b}
	}
	met, same := make([]int, len(pairs)), 0
	place := make([]int, n)
	for epoch := range epochs {
		number := 0
		for g := range d.groups(9, int64(epoch)*int64(n)) {
			if g.epoch > int64(epoch) {
				break
			}
			var records []pair
			for _, b := range g.blocks {
				for i := int(b) * per; i < int(b+1)*per; i++ {
					id := idNumber(i, n)
					records = append(records, pair{key: OrderKey(id, g.pass), id: id, pass: i})
				}
			}
			for _, r := range g.arrange(9, records) {
				place[r.pass] = number / batch
				number++
			}
		}
		for i, p := range pairs {
			if place[p[0]] == place[p[1]] {
				met[i]++
			}
		}
		for b := range blocks {
			if place[b*per] == place[b*per+1] {
				same++
			}
		}
	}
	full := float64(batch-1) / float64(n-1)
	var all float64
	for _, k := range met {
		all += float64(k)
	}
	rate := all / float64(len(pairs)*epochs)
	if ratio := rate / full; math.Abs(ratio-0.97) > 0.03 {
		t.Errorf("images of different blocks meet %.3f times as often as in a full shuffle", ratio)
	}
	if ratio := float64(same) / float64(blocks*epochs) / full; ratio < 8 || ratio > 12 {
		t.Errorf("images of one block meet %.1f times as often", ratio)
	}
	// how often each pair met, against the binomial distribution
	const classes = 16
	var counts [classes]float64
	for _, k := range met {
		counts[min(k, classes-1)]++
	}
	chi, p, left := 0.0, math.Pow(1-rate, epochs), 1.0
	for k := range classes {
		expected := p
		if k == classes-1 {
			expected = left
		}
		expected *= float64(len(pairs))
		chi += (counts[k] - expected) * (counts[k] - expected) / expected
		left -= p
		p *= rate / (1 - rate) * float64(epochs-k) / float64(k+1)
	}
	t.Logf("blocks at once %d of %d; chi-square %.1f", together, blocks, chi)
	if chi > 36.12 { // 14 degrees of freedom, 0.001
		t.Errorf("chi-square %.1f: pairs do not meet as by chance", chi)
	}
}
