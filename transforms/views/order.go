package views

import (
	"bytes"
	"cmp"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"

	"github.com/retort-ml/retort/io/imagefile"
)

// windowBytes bounds how many blocks are open at once, counted as pixels, but it is
// leastOpen at least; while the records of so many are handed out, as many are read
// ahead.
const (
	windowBytes = 64 << 20
	leastOpen   = 16
)

// group are blocks whose records are drawn together.
type group struct {
	epoch  int64
	number int // in its epoch
	pass   int
	blocks []int32
	skip   int64 // records not to hand out
}

// groups are those of the epochs without end, from record number start on: groups
// before it are not looked at.
func (d *Dataset) groups(seed uint64, start int64) iter.Seq[group] {
	return func(yield func(group) bool) {
		epoch := int64(0)
		if d.readers == 1 {
			epoch, start = start/d.Images, start%d.Images
		}
		for width := d.width(); ; epoch++ {
			pass := int(epoch % int64(d.Passes))
			for n, blocks := range number(slices.Chunk(d.blocksOf(seed, epoch), width)) {
				var records int64
				for _, b := range blocks {
					records += d.layout.records[b]
				}
				if start >= records {
					start -= records
					continue
				}
				if !yield(group{epoch, n, pass, blocks, start}) {
					return
				}
				start = 0
			}
		}
	}
}

func number[T any](seq iter.Seq[T]) iter.Seq2[int, T] {
	return func(yield func(int, T) bool) {
		n := 0
		for x := range seq {
			if !yield(n, x) {
				return
			}
			n++
		}
	}
}

// width is how many blocks are open at once.
func (d *Dataset) width() int {
	block := (d.Images*d.pixelBytes())/int64(d.layout.blocks) + 1
	least := int64(leastOpen)
	if d.Meta.Blocks == 0 { // whole shards, of any size
		least = 2
	}
	return int(max(least, windowBytes/block))
}

// blocksOf are the blocks of an epoch in the order in which this reader gets them.
func (d *Dataset) blocksOf(seed uint64, epoch int64) []int32 {
	rng := rand.New(rand.NewPCG(mix(seed), mix(uint64(epoch)+0x9E3779B97F4A7C15)))
	all := make([]int32, d.layout.blocks)
	for b := range all {
		all[b] = int32(b)
	}
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if d.readers == 1 {
		return all
	}
	own := all[:0]
	for i := d.rank; i < len(all); i += d.readers {
		own = append(own, all[i])
	}
	return own
}

// arrange puts the records of a group into the order in which training sees them.
func (g *group) arrange(seed uint64, records []pair) []pair {
	byKey(records)
	rng := rand.New(rand.NewPCG(seed, uint64(g.epoch)+uint64(g.number)<<40))
	rng.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
	return records
}

// byKey sorts records as a block has them.
func byKey(records []pair) {
	slices.SortFunc(records, func(a, b pair) int {
		if c := cmp.Compare(a.key, b.key); c != 0 {
			return c
		}
		return bytes.Compare(a.id[:], b.id[:])
	})
}

// spans are between which ids those of each block lie, as far as it was read. They
// are the same in every pass.
type spans []struct {
	known     bool
	low, high imagefile.ID
}

// inPlace makes sure that the blocks of a group are where they belong.
func (d *Dataset) inPlace(g group, all []pair, known spans) error {
	if d.Meta.Blocks == 0 { // whole shards, as they were once: nothing made sure that they are by id
		return nil
	}
	for _, b := range g.blocks {
		n := d.layout.records[b]
		if err := known.add(int(b), all[:n]); err != nil {
			first := d.layout.of(g.pass, int(b))[0]
			return fmt.Errorf("%s: %w", d.from.At(d.files[first.number].Name), err)
		}
		all = all[n:]
	}
	return nil
}

// add makes sure that a block's images come after those of the block before it and
// before those of the next one: a file that took another's place has a block twice.
func (s spans) add(block int, records []pair) error {
	if len(records) == 0 {
		return nil
	}
	low, high := records[0].id, records[0].id
	for i := range records {
		if id := records[i].id; bytes.Compare(id[:], low[:]) < 0 {
			low = id
		} else if bytes.Compare(id[:], high[:]) > 0 {
			high = id
		}
	}
	at := &s[block]
	if block > 0 && s[block-1].known && bytes.Compare(s[block-1].high[:], low[:]) > 0 ||
		block+1 < len(s) && s[block+1].known && bytes.Compare(s[block+1].low[:], high[:]) < 0 ||
		at.known && (at.low != low || at.high != high) {
		return fmt.Errorf("block %d has images of other blocks (%s)", block, changed)
	}
	at.known, at.low, at.high = true, low, high
	return nil
}
