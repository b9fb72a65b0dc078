package ingest

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/retort-ml/retort/internal/wire"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/table"
)

// labelTable is a table of labels: by image id, by path inside the source, or by
// path as the file system knows it.
type labelTable struct {
	file  string
	table *table.Table // closed; it still counts comments
	names *table.Names
	met   *jsonFile // gets what the rows may name, while a subset is chosen; may be nil
}

const wantLabels = `want "folder", "none" or a CSV of path,label`

// readLabels reads a table of labels. A row that is none is an error that names
// its line.
func readLabels(file string) (*labelTable, error) {
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return nil, fmt.Errorf(`labels: %s is a folder; want the word "folder", "none" or a CSV of path,label`, file)
	}
	opened, err := table.Open(file, table.Labels)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("labels: %w; %s", err, wantLabels)
	}
	if err != nil {
		return nil, fmt.Errorf("labels: %w", err)
	}
	defer opened.Close()
	t := &labelTable{file: file, table: opened, names: table.NewNames()}
	labelled := false
	for row, err := range opened.Rows() {
		if err != nil {
			return nil, fmt.Errorf("labels: %w", err)
		}
		t.names.Add(row)
		labelled = labelled || row.Label != ""
	}
	if !labelled {
		return nil, fmt.Errorf("labels: %s: no labels in it (rows: %d; want lines of path,label or id,label)", file, t.names.Len())
	}
	return t, nil
}

// offer lets the rows that name an image have it. id is nil where it is not known.
func (t *labelTable) offer(id *imagefile.ID, e imagefile.Entry, tag any) error {
	m := imageOf(id, e)
	if t.met != nil && t.names.Match(m) {
		if err := t.met.add(safe(m)); err != nil {
			return err
		}
	}
	m.Tag = tag
	t.names.Offer(m)
	return nil
}

// record keeps what is offered for later, as far as rows may name it.
func (t *labelTable) record(met *jsonFile) {
	if t != nil {
		t.met = met
	}
}

// safe is an image as a JSON document can have it, plain takes it out of that.
func safe(m table.Image) table.Image  { return inWords(m, wire.Safe) }
func plain(m table.Image) table.Image { return inWords(m, wire.Plain) }

func inWords(m table.Image, put func(string) string) table.Image {
	m.Name, m.URI, m.Place = put(m.Name), put(m.URI), put(m.Place)
	return m
}

// imageOf is an image as the rows of a table name it.
func imageOf(id *imagefile.ID, e imagefile.Entry) table.Image {
	m := table.Image{Name: e.Name, URI: e.URI, Place: placeOf(e)}
	if id != nil {
		m.ID = id.String()
	}
	return m
}

// placeOf tells an entry from all others.
func placeOf(e imagefile.Entry) string {
	return e.URI + "\x00" + e.Name + "\x00" + strconv.FormatInt(e.Offset, 36)
}

// settle decides which images the rows name; that some name none is an error.
func (t *labelTable) settle(sources []string) error {
	if err := t.names.Settle(t.file); err != nil {
		return fmt.Errorf("labels: %w", err)
	}
	return t.unused(sources)
}

// unused is an error when lines name images that are not there.
func (t *labelTable) unused(sources []string) error {
	idle := t.names.Idle(t.table.Comment)
	if len(idle) == 0 {
		return nil
	}
	rows, hint := 0, ""
	for _, k := range idle {
		rows += len(k.Rows)
	}
	if idle[0].Rows[0].Line == 1 {
		hint = "\n  (if line 1 has the names of the columns, call them path and label)"
	}
	return fmt.Errorf("labels: %s: %d of %d lines name no image of %s (an image there is %q; mend the paths, or remove the lines):%s%s",
		t.file, rows, t.rows(), strings.Join(sources, ", "), t.names.Example(), t.names.Explain(idle), hint)
}

func (t *labelTable) rows() (n int) {
	for _, k := range t.names.Keys() {
		n += len(k.Rows)
	}
	return n
}

// weak says which images were found by the ends of their paths only.
func (t *labelTable) weak() string {
	n, example := 0, ""
	for _, k := range t.names.Keys() {
		if k.Weak && len(k.Images) > 0 {
			if n++; n == 1 {
				example = fmt.Sprintf("%q in line %d is %q", k.Rows[0].Key, k.Rows[0].Line, k.Images[0].Name)
			}
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%s: lines that name an image by the end of its path only: %d, such as %s", t.file, n, example)
}

// classOf is the label of rows, the first where they disagree; "" for none.
func classOf(rows []table.Row) string {
	for _, row := range rows {
		if row.Label != "" {
			return row.Label
		}
	}
	return ""
}
