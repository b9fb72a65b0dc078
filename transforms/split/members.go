package split

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"iter"

	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/index"
	"github.com/retort-ml/retort/pipelines"
)

// member is an image of the input with what lists say of it.
type member struct {
	index.Entry
	inTest bool // it is in the separate test set too
	listed bool // the user lists it: it keeps its label
}

// seen is what later rounds know of an image.
type seen struct {
	ranked
	class          int32 // imagefile.UnknownLabel where it is not known
	inTest, listed bool
}

// seen notes what is known of an image, with its rank.
func (p *partition) seen(m *member) seen {
	s := seen{ranked: ranked{ID: m.ID}, class: m.Label, inTest: m.inTest, listed: m.listed}
	if s.free() {
		s.Rank = p.rank(m.ID)
	}
	return s
}

// free tells an image whose role its rank decides.
func (s *seen) free() bool {
	return s.class != imagefile.UnknownLabel && !s.inTest && !s.listed
}

// seenSize is that of a seen image in a file: rank, id, class, what lists say.
const seenSize = 8 + 16 + 4 + 1

func (s *seen) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, s.Rank)
	b = append(b, s.ID[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(s.class))
	lists := byte(0)
	if s.inTest {
		lists |= 1
	}
	if s.listed {
		lists |= 2
	}
	return append(b, lists)
}

// allSeen are the images of a file.
func allSeen(b []byte, classes int) iter.Seq2[seen, error] {
	return func(yield func(seen, error) bool) {
		for ; len(b) >= seenSize; b = b[seenSize:] {
			s := seen{ranked: ranked{binary.BigEndian.Uint64(b), id(b[8:24])}, class: int32(binary.BigEndian.Uint32(b[24:])),
				inTest: b[28]&1 != 0, listed: b[28]&2 != 0}
			if s.class != imagefile.UnknownLabel && (s.class < 0 || int(s.class) >= classes) {
				yield(s, errCounts)
				return
			}
			if !yield(s, nil) {
				return
			}
		}
		if len(b) > 0 {
			yield(seen{}, errCounts)
		}
	}
}

// members yields all images, by id.
func (p *partition) members() iter.Seq2[*member, error] {
	return p.membersOf(0, index.Count(pipelines.IndexFiles(p.in)))
}

// membersOf yields those from number from up to, not including, to. The separate
// test set is read beside them: both are sorted.
func (p *partition) membersOf(from, to int64) iter.Seq2[*member, error] {
	return func(yield func(*member, error) bool) {
		next, stop := iter.Pull2(p.testReferences())
		defer stop()
		held, err, more := next()
		for e, readErr := range pipelines.ReferencesFrom(p.in, from, to) {
			if readErr != nil {
				yield(nil, readErr)
				return
			}
			for more && err == nil && bytes.Compare(held.ID[:], e.ID[:]) < 0 {
				held, err, more = next()
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(&member{Entry: e, inTest: more && held.ID == e.ID, listed: p.listed[e.ID]}, nil) {
				return
			}
		}
	}
}

// testReferences are the images of the separate test set that can be used: those
// with a label.
func (p *partition) testReferences() iter.Seq2[index.Entry, error] {
	return func(yield func(index.Entry, error) bool) {
		if p.stage.Test.IsZero() {
			return
		}
		for e, err := range pipelines.References(p.testSet) {
			if (err != nil || e.Label != imagefile.UnknownLabel) && (!yield(e, err) || err != nil) {
				return
			}
		}
	}
}

// ranked puts the images of a class in an order that only their ids and the
// seed decide. Choosing is then taking from the front.
func (p *partition) ranked(image id) ranked { return ranked{p.rank(image), image} }

func (p *partition) rank(image id) uint64 {
	var key [24]byte
	binary.LittleEndian.PutUint64(key[:], p.stage.Seed)
	copy(key[8:], image[:])
	sum := sha256.Sum256(key[:])
	return binary.BigEndian.Uint64(sum[:])
}
