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

// free tells an image whose role its rank decides.
func (m *member) free() bool {
	return m.Label != imagefile.UnknownLabel && !m.inTest && !m.listed
}

// members yields all images, by id. The separate test set is read beside them:
// both are sorted.
func (p *partition) members() iter.Seq2[*member, error] {
	return func(yield func(*member, error) bool) {
		next, stop := iter.Pull2(p.testReferences())
		defer stop()
		held, err, more := next()
		for e, readErr := range pipelines.References(p.in) {
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
