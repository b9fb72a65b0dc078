package table

import (
	"bufio"
	"github.com/retort-ml/retort/io/blob"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// shape is how a table is laid out.
type shape struct {
	sep     byte
	lenient bool // one cell a line, as it stands: a quote is a character
	skip    int  // lines before the table: "sep=;"
	header  []string
	first   int // line of the first row, from 1; lines before it are comments or the header
	cells   int // of a row
	columns
}

// A sample of the text decides about the whole; rows that do not fit it are
// errors later on.
const (
	sampleBytes = 256 << 10
	sampleRows  = 500
)

// candidate is a reading of the sample with one separator.
type candidate struct {
	sep    byte
	rows   []*record // without blank ones
	cells  int       // that most rows have, of those that are no comments
	share  float64   // of the rows that have so many
	header int       // number of the row that names columns, -1: none
	broken bool
}

var separators = []byte{',', '\t', ';', '|'}

// separatorNames are what people call them.
var separatorNames = map[byte]string{',': "a comma", '\t': "a tab", ';': "a semicolon", '|': "a pipe", blank: "a blank", none: "nothing"}

// look finds the shape of the text that r begins.
func (t *Table) look(r io.Reader) error {
	b := bufio.NewReaderSize(r, sampleBytes)
	sample, err := b.Peek(sampleBytes)
	if err != nil && err != io.EOF {
		return t.errorf(0, "%v", err)
	}
	text, whole := string(sample), err == io.EOF
	if isJSON(text) {
		return t.errorf(0, "is JSON; write it as a table of path,label")
	}
	t.excelHint(text)
	best := t.choose(text, whole)
	t.sep, t.lenient = best.sep, best.sep == none && !isCSV(t.path)
	if best.sep == none && isCSV(t.path) {
		best = read(text, whole, none, false)
	}
	return t.settle(best)
}

// isJSON reports whether a text begins as JSON does, and no path.
func isJSON(text string) bool {
	text = strings.Join(strings.Fields(text[:min(len(text), 1000)]), "")
	for _, begin := range []string{`{"`, `[{`, `["`} {
		if strings.HasPrefix(text, begin) {
			return true
		}
	}
	return false
}

// excelHint obeys a first line "sep=;", which spreadsheets write and read.
func (t *Table) excelHint(text string) {
	line, _, _ := strings.Cut(strings.ReplaceAll(text, "\r", "\n"), "\n")
	if sep, ok := strings.CutPrefix(strings.ToLower(strings.Trim(line, `" `)), "sep="); ok && len(sep) <= 1 {
		t.skip = 1
	}
}

// choose reads the sample with every separator and takes the reading that is
// most of a table.
func (t *Table) choose(text string, whole bool) candidate {
	lines := read(text, whole, none, true)
	lines.rows = lines.rows[min(t.skip, len(lines.rows)):]
	best, score := lines, 0.0
	for _, sep := range separators {
		c := read(text, whole, sep, false)
		c.rows = c.rows[min(t.skip, len(c.rows)):]
		c.judge(t.kind)
		if s := c.score(t.path); s > score && t.plausible(&c, &lines) {
			best, score = c, s
		}
	}
	if score == 0 && t.kind != IDs {
		if c := read(text, whole, blank, true); c.pathAndClass() {
			best = c
		}
	}
	best.judge(t.kind)
	return best
}

// read cuts the sample into rows; a row that the sample's end cuts is left out.
func read(text string, whole bool, sep byte, lenient bool) candidate {
	c := candidate{sep: sep, header: -1}
	r := newRecords(strings.NewReader(text), sep)
	r.lenient = lenient
	for len(c.rows) < sampleRows {
		rec, err := r.next()
		if err != nil {
			c.broken = err != io.EOF && whole
			if !whole && len(c.rows) > 1 {
				c.rows = c.rows[:len(c.rows)-1]
			}
			break
		}
		if !rec.isBlank() {
			c.rows = append(c.rows, rec)
		}
	}
	return c
}

// judge counts cells and looks for the row that names the columns: the first
// that is no comment.
func (c *candidate) judge(kind Kind) {
	counts, total := map[int]int{}, 0
	for i, rec := range c.rows {
		if rec.hash() && (total > 0 || !isHeader(rec.names())) {
			continue
		}
		if c.header < 0 && total == 0 && isHeader(rec.names()) {
			c.header = i
		}
		counts[len(rec.cells)]++
		total++
		if n := len(rec.cells); counts[n] > counts[c.cells] || c.cells == 0 {
			c.cells = n
		}
	}
	if c.header >= 0 {
		c.cells = len(c.rows[c.header].cells)
	}
	if total == 0 { // nothing but comments, or rows whose names begin with #
		for _, rec := range c.rows {
			c.cells = max(c.cells, len(rec.cells))
			total++
			counts[len(rec.cells)]++
		}
	}
	if total > 0 {
		c.share = float64(counts[c.cells]) / float64(total)
	}
}

// score says how much of a table the reading is; 0: none.
func (c *candidate) score(path string) float64 {
	if c.cells < 2 || c.share < 0.5 {
		return 0
	}
	s := c.share
	if c.header >= 0 {
		s++
	}
	if c.broken {
		s /= 2
	}
	if c.sep == '\t' && !isCSV(path) || c.sep == ',' && isCSV(path) {
		s += 0.1
	}
	return s
}

// plausible keeps paths with a comma in them whole: a list is a table where its
// columns are named, or where its lines do not end as paths do.
func (t *Table) plausible(c, lines *candidate) bool {
	if t.kind == Labels || c.header >= 0 {
		return true
	}
	if c.share < 1 {
		return false
	}
	paths := 0
	for _, rec := range lines.rows {
		if PictureName(rec.raw) {
			paths++
		}
	}
	return isCSV(t.path) || 2*paths <= len(lines.rows) && t.kind != IDs
}

// pathAndClass reports whether every line is a path, blanks and a class.
func (c *candidate) pathAndClass() bool {
	rows := 0
	for _, rec := range c.rows {
		if rec.hash() && len(rec.cells) != 2 {
			continue
		}
		if len(rec.cells) != 2 || !PictureName(rec.cells[0].text) || PictureName(rec.cells[1].text) {
			return false
		}
		rows++
	}
	return rows > 0
}

// settle takes header and columns from the reading.
func (t *Table) settle(c candidate) error {
	c.judge(t.kind)
	if c.header >= 0 && c.cells == 1 && t.kind == Images && t.exists(c.rows[c.header].cells[0].text) {
		c.header = -1 // a list whose first row is a folder called images, say
	}
	t.cells = c.cells
	if c.header >= 0 {
		rec := c.rows[c.header]
		t.header, t.first = rec.names(), rec.line+1
		c.rows = c.rows[c.header+1:]
	}
	var rows []*record
	for _, rec := range c.rows {
		if len(rec.cells) == t.cells {
			rows = append(rows, rec)
		}
	}
	return t.assign(rows)
}

// exists reports whether a row of a list names something.
func (t *Table) exists(text string) bool {
	if !filepath.IsAbs(text) {
		text = filepath.Join(filepath.Dir(t.path), text)
	}
	_, err := os.Stat(text)
	return err == nil
}

func (r *record) hash() bool { return strings.HasPrefix(strings.TrimLeft(r.raw, " "), "#") }

// names are the cells as names of columns; a header may stand in a comment.
func (r *record) names() []string {
	names := make([]string, len(r.cells))
	for i, c := range r.cells {
		names[i] = strings.TrimSpace(c.text)
	}
	names[0] = strings.TrimSpace(strings.TrimLeft(names[0], "#"))
	return names
}

func isCSV(path string) bool {
	path, _ = blob.CutSettings(path)
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv", ".tsv", ".tab":
		return true
	}
	return false
}

// PictureName reports whether a name ends as names of pictures do, of whatever
// kind.
func PictureName(name string) bool {
	switch strings.ToLower(filepath.Ext(strings.TrimSpace(name))) {
	case ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff", ".heic", ".heif",
		".avif", ".jxl", ".jp2", ".ppm", ".pgm", ".pbm", ".pnm", ".tga", ".ico", ".dcm", ".cr2", ".nef", ".arw", ".dng":
		return true
	}
	return false
}
