package ingest

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/retort-ml/retort/internal/wire"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/index"
	"github.com/retort-ml/retort/io/table"
)

// namedImage is what the rows of a table say of an image.
type namedImage struct {
	ID   string      `json:"id"`
	Name string      `json:"name"` // of the copy that a row names
	Said []statement `json:"said"`
}

// rowsFile has the images that rows name, sorted by id.
const rowsFile = "rows"

// joinLabels finds the images that rows of a table name, and leaves what they say
// for the ranges of ids.
func (s *Images) joinLabels(ctx context.Context, out output, a *arrangement, found *sum, plan *orderPlan) (labelling, error) {
	labels, err := s.labels()
	t := labels.table
	if err != nil || t == nil {
		return labels, err
	}
	offer := func(m *table.Image) error {
		t.names.Offer(plain(*m))
		return nil
	}
	if s.MaxImages > 0 { // as they were chosen
		if err := eachJSON(ctx, out, chosenFile, 0, a.again, offer); err != nil {
			return labels, err
		}
		if err := t.settle(s.Source); err != nil {
			return labels, err
		}
		t.names.Freeze()
	}
	for _, p := range found.parts {
		if err := eachJSON(ctx, out, p.Name+".named", 0, p.Named, offer); err != nil {
			return labels, err
		}
	}
	if err := t.settle(s.Source); err != nil {
		return labels, err
	}
	for _, note := range append(t.table.Notes(), t.weak()) {
		if note != "" {
			plan.Labels = append(plan.Labels, note)
		}
	}
	return labels, plan.saveRows(out, t)
}

// byImage are the keys that name each image, by its id.
func (t *labelTable) byImage() map[imagefile.ID]*namedImage {
	named := map[imagefile.ID]*namedImage{}
	for _, k := range t.names.Keys() {
		if len(k.Images) == 0 {
			continue
		}
		id, ok := idIn(k.Images[0].ID)
		if !ok {
			continue
		}
		n := named[id]
		if n == nil {
			n = &namedImage{ID: k.Images[0].ID, Name: wire.Safe(k.Images[0].Name)}
			named[id] = n
		}
		for _, row := range k.Rows {
			n.Said = append(n.Said, statement{row.Label, fmt.Sprintf("%s:%d (%s)", t.file, row.Line, strings.TrimSpace(row.Key))})
		}
	}
	return named
}

func idIn(text string) (id imagefile.ID, ok bool) {
	raw, err := hex.DecodeString(text)
	ok = err == nil && copy(id[:], raw) == len(id)
	return id, ok
}

func (p *orderPlan) saveRows(out output, t *labelTable) error {
	named := t.byImage()
	ids := make([]imagefile.ID, 0, len(named))
	for id := range named {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b imagefile.ID) int { return bytes.Compare(a[:], b[:]) })
	p.Rows = make([]int64, 1<<p.Bits)
	f := jsonFile{out: out, name: rowsFile}
	defer f.discard()
	for _, id := range ids {
		p.Rows[index.Prefix(id, p.Bits)]++
		if err := f.add(named[id]); err != nil {
			return err
		}
	}
	_, err := f.commit()
	return err
}

// rows are those that name images of a range of ids.
func (p *orderPlan) rows(ctx context.Context, out output, at int) (map[imagefile.ID]*namedImage, error) {
	if len(p.Rows) == 0 {
		return nil, nil
	}
	before := int64(0)
	for _, n := range p.Rows[:at] {
		before += n
	}
	named := map[imagefile.ID]*namedImage{}
	err := eachJSON(ctx, out, rowsFile, before, p.Rows[at], func(n *namedImage) error {
		id, ok := idIn(n.ID)
		if !ok {
			return errors.New("what an earlier phase left of the labels is damaged; run again")
		}
		n.Name = wire.Plain(n.Name)
		named[id] = n
		return nil
	})
	return named, err
}
