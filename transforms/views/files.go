package views

import (
	"golang.org/x/sync/errgroup"

	"github.com/retort-ml/retort/internal/workpool"
	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/tfrecord"
)

// sink are the files of a shard, one a pass. They take records in whatever
// order these are made, and hold them in the order of their pass.
type sink interface {
	create() error
	// together is how many records of the first pass, which follow each other
	// there, are put at once.
	together() int
	// lend is memory for the records of n items of the first pass, which follow each
	// other there; nil where any will do. leave says that the record of an item will
	// not come.
	lend(item, n int) []byte
	leave(item int) error
	// put takes the record of an item in a pass, with room for its frame, perhaps
	// with others that follow it, and returns memory for the next one. It is called
	// from several goroutines at once.
	put(pass, item int, frames []byte) (spare []byte, err error)
	// end writes what is left of all files, commit makes them durable and gives
	// them their names: the latter while the next shard is at work.
	end() ([]artifact.File, error)
	commit() error
	discard()
}

// sink writes in place where the lengths of records are known before the
// pixels are, as those of raw pixels are: then nothing is held in memory. What
// is compressed is of any length, and a compressed file has one order only.
func (sh *shard) sink() sink {
	if sh.Store != "recipe" && sh.Format != "png" && sh.Compression <= tfrecord.None && sh.Passes <= maxPlaced {
		return &placed{shard: sh}
	}
	return &held{shard: sh}
}

// maxPlaced is of how many passes a shard's files are open at once: a process may
// have 1,024 on many systems, and works on several shards with some runners, with
// every one on the next while the files of the last are made durable.
const maxPlaced = 256

// name is that of the file of a pass: number pass*shards+shard.
func (sh *shard) name(pass int) string {
	return tfrecord.Shard{Name: "views", Index: pass*sh.of + sh.number, Count: sh.Passes * sh.of, Compression: sh.Compression}.String()
}

// placed writes every record where it belongs; few wait, see turns.
type placed struct {
	*shard
	place  [][]int32 // of each item's record in each pass
	passes []turns   // the file of each
	lends  bool      // the file of the first one, of which several may then be written at once
}

func (p *placed) create() error {
	p.passes = make([]turns, p.Passes)
	p.place = make([][]int32, p.Passes)
	var w worker
	for pass, order := range p.order {
		w.recipes = w.recipes[:0]
		lengths := make([]int, len(order))
		p.place[pass] = make([]int32, len(order))
		known := map[int32]int{} // by label, the only thing that differs in length
		for k, i := range order {
			p.place[pass][i] = int32(k)
			ref := p.items[i].ref
			n, ok := known[ref.Label]
			if !ok {
				n = w.rawLength(p.Stage, ref, pass)
				known[ref.Label] = n
			}
			lengths[k] = n
		}
		var err error
		if p.passes[pass].file, err = tfrecord.CreatePlaced(p.out, p.name(pass), lengths); err != nil {
			return err
		}
		if pass == 0 { // the others' records come in any order
			if p.lends, err = p.passes[pass].file.InOrder(); err != nil {
				return err
			}
		}
	}
	return nil
}

// togetherBytes is how much of the first pass is put at once where one record is
// less.
const togetherBytes = 64 << 10

// lentBytes is the same where memory for it is lent: what goes to a disk at once.
const lentBytes = 256 << 10

func (p *placed) together() int {
	most := int64(togetherBytes)
	if p.lends {
		most = lentBytes
	}
	few := len(p.items) / (8 * workpool.Size()) // so that no core is long without work at the end
	return int(max(1, min(most/p.recordBytes(), int64(few))))
}

func (p *placed) lend(item, n int) []byte {
	return p.passes[0].file.Lend(int(p.place[0][item]), n)
}

func (p *placed) leave(item int) error { return p.passes[0].file.Leave(int(p.place[0][item])) }

func (p *placed) put(pass, item int, bytes []byte) ([]byte, error) {
	place := int(p.place[pass][item])
	if pass == 0 && p.lends {
		return nil, p.passes[0].file.Write(place, bytes)
	}
	return p.passes[pass].put(frame{place, bytes})
}

func (p *placed) end() ([]artifact.File, error) {
	files := make([]artifact.File, p.Passes)
	return files, workpool.Each(p.Passes, func(pass int) error {
		f := p.passes[pass].file
		err := f.End()
		files[pass] = artifact.File{Name: p.name(pass), Records: f.Records(), Bytes: f.Bytes(), CRC32C: f.CRC32C(),
			Blocks: artifact.ListBlocks(p.blocks(f))}
		return err
	})
}

// syncs is how many files are made durable at once, by no worker of the pool.
const syncs = 4

func (p *placed) commit() error {
	var work errgroup.Group
	work.SetLimit(syncs)
	for i := range p.passes {
		work.Go(p.passes[i].file.Commit)
	}
	err := work.Wait()
	if err != nil {
		p.discard()
	}
	return err
}

// blocks are where the blocks lie in a file that is whole.
func (p *placed) blocks(f *tfrecord.Placed) []artifact.Block {
	blocks := make([]artifact.Block, len(p.starts)-1)
	for b := range blocks {
		blocks[b].Records = p.good(b)
		if start := p.starts[b]; start < len(p.items) {
			blocks[b].Offset = f.Offset(start)
		} else {
			blocks[b].Offset = f.Bytes()
		}
	}
	return blocks
}

// good is how many records block b has, in every pass.
func (sh *shard) good(b int) (n int64) {
	for _, it := range sh.items[sh.starts[b]:sh.starts[b+1]] {
		if it.err == nil {
			n++
		}
	}
	return n
}

func (p *placed) discard() {
	for i := range p.passes {
		if f := p.passes[i].file; f != nil {
			f.Discard()
		}
	}
}

// held keeps the records in memory until all are made; Stage.ShardBytes bounds
// what they need.
type held struct {
	*shard
	records [][][]byte // by pass and item, without frames; nil where there is none
}

func (h *held) create() error {
	h.records = make([][][]byte, h.Passes)
	for pass := range h.records {
		h.records[pass] = make([][]byte, len(h.items))
	}
	return nil
}

func (h *held) together() int { return 1 }

func (h *held) lend(int, int) []byte { return nil }

func (h *held) leave(int) error { return nil }

func (h *held) put(pass, item int, frame []byte) ([]byte, error) {
	h.records[pass][item] = append(take()[:0], frame[tfrecord.FrameBefore:len(frame)-tfrecord.FrameAfter]...)
	return frame, nil
}

func (h *held) end() ([]artifact.File, error) {
	files := make([]artifact.File, h.Passes)
	return files, workpool.Each(h.Passes, func(pass int) (err error) {
		files[pass], err = h.write(pass)
		return err
	})
}

func (h *held) write(pass int) (artifact.File, error) {
	name := h.name(pass)
	w, err := tfrecord.CreateIn(h.out, name, tfrecord.Options{Compression: h.Compression})
	if err != nil {
		return artifact.File{}, err
	}
	defer w.Discard()
	blocks := make([]artifact.Block, len(h.starts)-1)
	for b := range blocks {
		if b > 0 {
			if blocks[b].Offset, err = w.Break(); err != nil {
				return artifact.File{}, err
			}
		}
		before := w.Records()
		for _, i := range h.order[pass][h.starts[b]:h.starts[b+1]] {
			if err := h.writeOne(w, pass, int(i)); err != nil {
				return artifact.File{}, err
			}
		}
		blocks[b].Records = w.Records() - before
	}
	err = w.Commit()
	return artifact.File{Name: name, Records: w.Records(), Bytes: w.Bytes(), CRC32C: w.CRC32C(),
		Blocks: artifact.ListBlocks(blocks)}, err
}

func (h *held) writeOne(w *tfrecord.File, pass, item int) error {
	b := h.records[pass][item]
	if b == nil {
		return nil
	}
	if err := w.Write(b); err != nil {
		return err
	}
	h.records[pass][item] = nil
	give(b)
	return nil
}

func (h *held) commit() error { return nil }

func (h *held) discard() {}
