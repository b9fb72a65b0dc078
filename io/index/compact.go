package index

import (
	"slices"

	"github.com/retort-ml/retort/internal/wire"
	"github.com/retort-ml/retort/io/imagefile"
)

// AppendCompact appends an entry to dst as it lies between the phases of a stage,
// for [CompactReader]: a third of the Example, and of its cost.
func AppendCompact(dst []byte, e *Entry) []byte {
	dst = append(dst, e.ID[:]...)
	dst = wire.AppendSigned(dst, e.Offset)
	dst = wire.AppendSigned(dst, e.Length)
	dst = wire.AppendNumber(dst, uint64(e.Width))
	dst = wire.AppendNumber(dst, uint64(e.Height))
	dst = wire.AppendSigned(dst, int64(e.Label))
	dst = wire.AppendText(dst, e.URI)
	dst = wire.AppendText(dst, e.Name)
	dst = wire.AppendText(dst, e.Class)
	dst = wire.AppendNumber(dst, uint64(len(e.Notes)))
	if len(e.Notes) == 0 {
		return dst
	}
	keys := make([]string, 0, len(e.Notes))
	for key := range e.Notes {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		dst = wire.AppendText(wire.AppendText(dst, key), e.Notes[key])
	}
	return dst
}

// CompactReader reads entries one after another. The zero value is ready to use.
type CompactReader struct{ r wire.Reader }

// Read reads what AppendCompact wrote.
func (c *CompactReader) Read(record []byte) (e Entry, err error) {
	r := &c.r
	rest := record[min(len(record), copy(e.ID[:], record)):]
	r.Open(rest)
	e.Ref = imagefile.Ref{ID: e.ID, Offset: r.Signed(), Length: r.Signed(), Width: int(r.Number()), Height: int(r.Number()), Label: int32(r.Signed())}
	e.URI, e.Name, e.Class = r.Shared(), r.Text(), r.Shared()
	for range min(r.Number(), uint64(len(rest))) {
		if e.Notes == nil {
			e.Notes = map[string]string{}
		}
		key := r.Shared()
		e.Notes[key] = r.Text()
	}
	return e, r.Close()
}
