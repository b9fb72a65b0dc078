package split

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/table"
)

// State sums up the file of ids, so that another list makes the stage run again.
func (s *ByLabel) State(context.Context) (string, error) {
	if s.IDs == "" {
		return "", nil
	}
	data, err := blob.ReadFile(s.IDs)
	if err != nil {
		return "", fmt.Errorf("ids: %w (want a file of image ids or names, one a line)", err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// idList is the user's list: which of its rows name which images.
type idList struct {
	file  string
	table *table.Table // closed; it still counts comments
	names *table.Names
}

// readList reads the list; rows may repeat each other.
func (p *partition) readList() (*idList, error) {
	opened, err := table.Open(p.stage.IDs, table.IDs)
	if err != nil {
		return nil, fmt.Errorf("ids: %w (want a file of image ids or names, one a line)", err)
	}
	defer opened.Close()
	l := &idList{file: p.stage.IDs, table: opened, names: table.NewNames()}
	for row, err := range opened.Rows() {
		if err != nil {
			return nil, fmt.Errorf("ids: %w", err)
		}
		l.names.Add(row)
	}
	return l, nil
}

// images are those that the list names.
func (l *idList) images() (map[id]bool, error) {
	if err := l.names.Settle(l.file); err != nil {
		return nil, fmt.Errorf("ids: %w", err)
	}
	if idle := l.names.Idle(l.table.Comment); len(idle) > 0 {
		row := idle[0].Rows[0]
		return nil, fmt.Errorf("ids: %s:%d: %q is neither the id nor the name of a labelled image for training; there are %d such lines (mend or remove them):%s",
			l.file, row.Line, row.Key, len(idle), l.names.Explain(idle))
	}
	listed := map[id]bool{}
	for _, k := range l.names.Keys() {
		for _, m := range k.Images {
			listed[m.Tag.(id)] = true
		}
	}
	return listed, nil
}

// keepListed keeps the labels of the images that the user lists.
func (p *partition) keepListed() error {
	if p.stage.IDs == "" {
		return nil
	}
	l, err := p.readList()
	if err != nil {
		return err
	}
	for m, err := range p.members() {
		if err != nil {
			return err
		}
		if m.Label != imagefile.UnknownLabel && !m.inTest {
			l.names.Offer(table.Image{ID: m.ID.String(), Name: m.Name, URI: m.URI, Place: m.ID.String(), Tag: m.ID})
		}
	}
	if p.listed, err = l.images(); err != nil {
		return err
	}
	p.Listed = slices.SortedFunc(maps.Keys(p.listed), func(a, b id) int { return bytes.Compare(a[:], b[:]) })
	for _, note := range l.table.Notes() {
		p.note("%s", note)
	}
	listed, sizes := make([]int, len(p.classes)), make([]int, len(p.classes))
	for m, err := range p.members() {
		if err != nil {
			return err
		}
		if m.Label == imagefile.UnknownLabel || m.inTest {
			continue
		}
		sizes[m.Label]++
		if m.listed {
			listed[m.Label]++
		}
	}
	return p.everyClassListed(listed, sizes)
}

func (p *partition) everyClassListed(listed, sizes []int) error {
	for c, n := range listed {
		if n == 0 {
			return fmt.Errorf("class %q keeps no label: %s lists none of its %d images (list some, or leave the class out of the images)", p.classes[c], p.stage.IDs, sizes[c])
		}
	}
	return nil
}
