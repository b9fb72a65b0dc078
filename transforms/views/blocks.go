package views

import (
	"fmt"

	"github.com/retort-ml/retort/io/artifact"
)

// BlockBytes is how large a block of a pass is, counted as pixels, whatever is
// stored: a few of the largest reads that pay. The order of training depends on it.
const BlockBytes = 2 << 20

// maxBlocks bounds what a manifest lists: blocks of more than 2 TiB a pass are larger.
const maxBlocks = 1 << 20

// blocks is how many blocks a pass is divided into: a function of the images and
// the sizes of their views alone. Image ids are uniform hashes, so that a range of
// ids, which a block is, is a random sample of the images.
func (s *Stage) blocks(images int64) int64 {
	return max(1, min(images, (images*s.pixelBytes()+BlockBytes-1)/BlockBytes, maxBlocks))
}

// borders are the numbers of the first image of each block of shard n, and of the
// one after the last: block b has images total*b/blocks up to total*(b+1)/blocks.
// Where there are more shards than blocks, a multiple of them, each is a part of one.
func borders(total, blocks, n, shards int64) []int64 {
	if shards > blocks {
		return []int64{total * n / shards, total * (n + 1) / shards}
	}
	var at []int64
	for b := blocks * n / shards; b <= blocks*(n+1)/shards; b++ {
		at = append(at, total*b/blocks)
	}
	return at
}

// segment is a part of a file, whose records are of one block.
type segment struct {
	file, beside part
	number       int // of the file
	first        int64
	records      int64
}

// part is a range of the bytes of a file of a size.
type part struct{ at, end, size int64 }

// layout says where the blocks of all passes lie.
type layout struct {
	segments []segment
	starts   []int // of block b of pass p: segments[starts[p*blocks+b]:starts[p*blocks+b+1]]
	blocks   int
	records  []int64 // of each block, the same in every pass
}

// lay finds the blocks in the files of a Views artifact.
func lay(meta *Meta, files []artifact.File) (*layout, error) {
	l := &layout{blocks: meta.Blocks}
	if l.blocks == 0 {
		l.blocks = meta.Shards
	}
	if l.blocks < 1 || meta.Shards > l.blocks && meta.Shards%l.blocks != 0 {
		return nil, fmt.Errorf("%d blocks in %d shards a pass", l.blocks, meta.Shards)
	}
	if len(files) != meta.Passes*meta.Shards {
		return nil, fmt.Errorf("%d shards; want %d passes x %d", len(files), meta.Passes, meta.Shards)
	}
	for pass := range meta.Passes {
		if err := l.pass(meta, files, pass); err != nil {
			return nil, err
		}
	}
	l.starts = append(l.starts, len(l.segments))
	return l, nil
}

func (l *layout) pass(meta *Meta, files []artifact.File, pass int) error {
	per := max(1, meta.Shards/l.blocks) // shards a block
	records := make([]int64, l.blocks)
	block := 0
	for shard := range meta.Shards {
		f := &files[pass*meta.Shards+shard]
		parts, err := f.Parts()
		if err != nil {
			return err
		}
		want := 1
		if per == 1 {
			want = l.blocks*(shard+1)/meta.Shards - l.blocks*shard/meta.Shards
		}
		if len(parts) != want {
			return fmt.Errorf("%s has %d blocks; want %d", f.Name, len(parts), want)
		}
		for i, first := 0, int64(0); i < len(parts); i++ {
			b := block + i
			if per > 1 {
				b = shard / per
			}
			if per == 1 || shard%per == 0 {
				l.starts = append(l.starts, len(l.segments))
			}
			s := segment{number: pass*meta.Shards + shard, first: first, records: parts[i].Records,
				file: part{parts[i].Offset, endOf(f, parts, i), f.Bytes}}
			l.segments = append(l.segments, s)
			records[b] += s.records
			first += s.records
		}
		block += len(parts)
	}
	return l.count(meta, records, pass)
}

// count notes how many records the blocks of a pass have; another pass must have
// as many.
func (l *layout) count(meta *Meta, records []int64, pass int) error {
	var all int64
	for b, n := range records {
		if pass > 0 && n != l.records[b] {
			return fmt.Errorf("block %d has %d records in pass %d and %d in pass 0", b, n, pass, l.records[b])
		}
		all += n
	}
	if all != meta.Images || all < 1 {
		return fmt.Errorf("%d records in pass %d; want %d, and at least 1", all, pass, meta.Images)
	}
	l.records = records
	return nil
}

func endOf(f *artifact.File, parts []artifact.Block, i int) int64 {
	if i+1 < len(parts) {
		return parts[i+1].Offset
	}
	return f.Bytes
}

// of are the segments of a block.
func (l *layout) of(pass, block int) []segment {
	i := pass*l.blocks + block
	return l.segments[l.starts[i]:l.starts[i+1]]
}

// lieBeside finds the blocks in files that have a record for each of the views'.
func (l *layout) lieBeside(files []artifact.File) error {
	parts, of := []artifact.Block(nil), -1
	at := 0 // of the segment in its file
	for i := range l.segments {
		s := &l.segments[i]
		f := &files[s.number]
		if s.number != of {
			var err error
			if parts, err = f.Parts(); err != nil {
				return err
			}
			of, at = s.number, 0
		}
		if at >= len(parts) || parts[at].Records != s.records {
			return fmt.Errorf("%s: its blocks are not those of the views", f.Name)
		}
		s.beside = part{parts[at].Offset, endOf(f, parts, at), f.Bytes}
		at++
	}
	return nil
}
