package table

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Kind is what a text is handed in as.
type Kind int

// The kinds.
const (
	Labels Kind = iota // which image has which label
	Images             // which images there are, and perhaps their labels
	IDs                // which images are meant
)

// Row is one row of a table.
type Row struct {
	Line  int    // from 1
	Key   string // what names the image: a path, a name, an id; as it was written
	Label string // "" where the row has none
	// Comment tells a row that begins with #: it is a row where it names an image,
	// else a comment (see [Table.Comment]).
	Comment bool
}

// Table is an opened table.
type Table struct {
	path string
	kind Kind
	src  *source
	shape

	comments int64 // rows that are none
	comment  Row   // the first of them
	repeats  int64 // rows that name the columns again
	missing  map[string]int64
	literal  map[string]int64 // words for nothing that stand in quotes
}

// Open looks through the file at path and says how it is laid out. Errors name
// the file, and the line where there is one.
func Open(path string, kind Kind) (*Table, error) {
	src, err := openText(path)
	if err != nil {
		return nil, err
	}
	t := &Table{path: path, kind: kind, src: src, missing: map[string]int64{}, literal: map[string]int64{}}
	r, err := src.text()
	if err == nil {
		err = t.look(r)
	}
	if err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// Close closes the file.
func (t *Table) Close() error { return t.src.f.Close() }

// Labelled reports whether rows have labels.
func (t *Table) Labelled() bool { return t.class >= 0 || t.oneHot != nil }

// errorf is an error about a line, 0: about the file.
func (t *Table) errorf(line int, format string, args ...any) error {
	if line > 0 {
		return fmt.Errorf("%s:%d: %s", t.path, line, fmt.Sprintf(format, args...))
	}
	return fmt.Errorf("%s: %s", t.path, fmt.Sprintf(format, args...))
}

// Rows yields the rows one after another; memory does not grow with their
// number. An error ends them.
func (t *Table) Rows() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		text, err := t.src.text()
		if err != nil {
			yield(Row{}, t.errorf(0, "%v", err))
			return
		}
		t.comments, t.missing, t.literal = 0, map[string]int64{}, map[string]int64{}
		r := newRecords(bufio.NewReaderSize(text, 64<<10), t.sep)
		r.lenient = t.lenient
		for {
			rec, err := r.next()
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(Row{}, t.broken(err))
				return
			}
			row, ok, err := t.row(rec)
			if (ok || err != nil) && (!yield(row, err) || err != nil) {
				return
			}
		}
	}
}

func (t *Table) broken(err error) error {
	var at *SyntaxError
	if errors.As(err, &at) {
		return fmt.Errorf("%s:%d:%d: %s (mend the line)", t.path, at.Line, at.Column, at.Cause)
	}
	return t.errorf(0, "%v", err)
}

// row makes a row of a record, ok where it is one.
func (t *Table) row(rec *record) (row Row, ok bool, err error) {
	if rec.line <= t.skip || rec.isBlank() {
		return row, false, nil
	}
	if rec.line < t.first { // comments, and then the names of the columns
		if rec.line+1 < t.first && rec.hash() {
			t.Comment(Row{Line: rec.line, Key: rec.raw})
		}
		return row, false, nil
	}
	row = Row{Line: rec.line, Comment: rec.hash()}
	for len(rec.cells) > t.cells && strings.TrimSpace(rec.cells[len(rec.cells)-1].text) == "" {
		rec.cells = rec.cells[:len(rec.cells)-1]
	}
	rec.cells[0].text = strings.TrimPrefix(rec.cells[0].text, "\ufeff") // of a file that was joined to others
	if t.namesAgain(rec) {
		t.repeats++
		return row, false, nil
	}
	if len(rec.cells) != t.cells {
		if row.Comment {
			t.Comment(Row{Line: rec.line, Key: rec.raw})
			return row, false, nil
		}
		return row, false, t.cellCount(rec)
	}
	row.Key = rec.cells[t.key].text
	if strings.TrimSpace(row.Key) == "" {
		return row, false, t.errorf(rec.line, "%q: the path is empty; mend or delete the line", rec.raw)
	}
	row.Label, err = t.label(rec)
	return row, err == nil, err
}

// namesAgain reports whether a row is the header once more.
func (t *Table) namesAgain(rec *record) bool {
	if t.header == nil || len(rec.cells) != len(t.header) {
		return false
	}
	for i, c := range rec.cells {
		if strings.TrimSpace(c.text) != t.header[i] {
			return false
		}
	}
	return true
}

func (t *Table) cellCount(rec *record) error {
	if t.cells == 1 {
		return t.errorf(rec.line, "%q: cells: %d, want 1 (put quotes around a path with %s)", rec.raw, len(rec.cells), separatorNames[t.sep])
	}
	want := "path,label or id,label"
	if t.header != nil {
		want = quoted(t.header)
	}
	return t.errorf(rec.line, "%q: cells: %d, want %d: %s, with %s between (put quotes around a path with %s)",
		rec.raw, len(rec.cells), t.cells, want, separatorNames[t.sep], separatorNames[t.sep])
}

// nothing are the words that programs write for a value that is missing. In
// quotes they are classes.
var nothing = map[string]bool{"NA": true, "N/A": true, "<NA>": true, "#N/A": true, "NaN": true, "nan": true, "NAN": true,
	"null": true, "NULL": true, "Null": true, "?": true}

// unseen reports what nobody means at an end of a label: blanks, and the marks
// without width that come along when a text is copied.
func unseen(r rune) bool {
	return unicode.IsSpace(r) || strings.ContainsRune("\u200b\u200e\u200f\u2060\ufeff", r)
}

// label is the class that a row names, "" where it names none.
func (t *Table) label(rec *record) (string, error) {
	if t.oneHot != nil {
		return t.hot(rec)
	}
	if t.class < 0 {
		return "", nil
	}
	c := rec.cells[t.class]
	text := norm.NFC.String(strings.TrimFunc(c.text, unseen))
	switch {
	case nothing[text] && !c.quoted:
		t.missing[text]++
		return "", nil
	case nothing[text]:
		t.literal[text]++
	case text == "":
		t.missing[""]++
	}
	return text, nil
}

// hot is the name of the column that has the 1.
func (t *Table) hot(rec *record) (string, error) {
	class := ""
	for _, i := range t.oneHot {
		on, ok := bit(rec.cells[i].text)
		switch {
		case !ok:
			return "", t.errorf(rec.line, "%q in the column %q; want 0 or 1, as in the rows before", rec.cells[i].text, t.header[i])
		case on && class != "":
			return "", t.errorf(rec.line, "the row has two classes, %q and %q; want one 1 in a row (several labels an image are not read)", class, t.header[i])
		case on:
			class = norm.NFC.String(t.header[i])
		}
	}
	if class == "" {
		t.missing[""]++
	}
	return class, nil
}

// Comment notes that a row that begins with # is taken for a comment.
func (t *Table) Comment(row Row) {
	if t.comments++; t.comments == 1 {
		t.comment = row
	}
}
