package table

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Kinds of separators. A blank separates a path from a class at its last place
// only; none means that a line is one cell, quotes and all.
const (
	none  = byte(0)
	blank = byte(' ')
)

// maxRecord bounds one row: a quote that is never closed must not take the whole
// file into memory.
const maxRecord = 1 << 20

// cell is one cell of a row.
type cell struct {
	text   string
	quoted bool
}

// record is one row with the line, from 1, that it begins in.
type record struct {
	line  int
	cells []cell
	raw   string // as it was written, without the line end
}

func (r *record) isBlank() bool {
	for _, c := range r.cells {
		if strings.TrimSpace(c.text) != "" || c.quoted {
			return false
		}
	}
	return true
}

// records cuts a text into rows. Lines end with LF, CR or both; a cell in quotes
// may hold separators, line ends and doubled quotes. A quote that does not begin
// a cell is a character like others.
//
// Unlike package encoding/csv it takes a lone CR for a line end, says which cells
// were in quotes, and takes a quote inside a bare cell as it stands without
// taking an unclosed one for text up to the end of the file.
type records struct {
	r       *bufio.Reader
	sep     byte
	lenient bool // without a separator: a line is a cell, whose quotes count where they enclose it
	line    int  // lines read so far
	raw     []byte
}

func newRecords(r io.Reader, sep byte) *records {
	b, ok := r.(*bufio.Reader)
	if !ok {
		b = bufio.NewReaderSize(r, 64<<10)
	}
	return &records{r: b, sep: sep}
}

// SyntaxError is a row that is none; Line and Column count from 1, Column in
// bytes.
type SyntaxError struct {
	Line, Column int
	Cause        string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Cause) }

// next returns the next row, io.EOF after the last.
func (r *records) next() (*record, error) {
	rec := &record{line: r.line + 1}
	r.raw = r.raw[:0]
	if err := r.readLine(); err != nil {
		return nil, err
	}
	switch {
	case r.sep == none && r.lenient:
		rec.cells = []cell{enclosed(string(r.raw))}
	case r.sep == blank:
		rec.cells = splitBlank(string(r.raw))
	default:
		at, begin := 0, 0 // begin is where the line that at is in begins in raw
		for {
			c, next, err := r.cell(at, &begin)
			if err != nil {
				return nil, err
			}
			rec.cells = append(rec.cells, c)
			if next < 0 {
				break
			}
			at = next
		}
	}
	rec.raw = string(r.raw)
	return rec, nil
}

// readLine appends the next line to raw, without its end.
func (r *records) readLine() error {
	if _, err := r.r.Peek(1); err != nil {
		return err
	}
	r.line++
	for {
		buffered := r.r.Buffered()
		chunk, _ := r.r.Peek(buffered)
		end := bytes.IndexAny(chunk, "\n\r")
		if end < 0 {
			end = len(chunk)
		}
		r.raw = append(r.raw, chunk[:end]...)
		if len(r.raw) > maxRecord {
			return &SyntaxError{r.line, 1, fmt.Sprintf("the row is longer than %d bytes", maxRecord)}
		}
		if end < len(chunk) {
			first := chunk[end]
			r.r.Discard(end + 1)
			if next, err := r.r.Peek(1); first == '\r' && err == nil && next[0] == '\n' {
				r.r.Discard(1)
			}
			return nil
		}
		r.r.Discard(end)
		if _, err := r.r.Peek(1); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// cell reads the cell that begins at at. next is where the one after it begins,
// -1 where the row ends.
func (r *records) cell(at int, begin *int) (c cell, next int, err error) {
	start := at
	if r.sep != '\t' {
		for start < len(r.raw) && r.raw[start] == ' ' {
			start++
		}
	}
	if start < len(r.raw) && r.raw[start] == '"' {
		return r.quoted(start, begin)
	}
	end := bytes.IndexByte(r.raw[at:], r.sep)
	if end < 0 {
		return cell{text: string(r.raw[at:])}, -1, nil
	}
	return cell{text: string(r.raw[at : at+end])}, at + end + 1, nil
}

// quoted reads the cell whose opening quote is at open.
func (r *records) quoted(open int, begin *int) (c cell, next int, err error) {
	line, column := r.line, open-*begin+1
	var text []byte
	for at := open + 1; ; {
		end := bytes.IndexByte(r.raw[at:], '"')
		if end < 0 { // the cell goes on in the next line
			text = append(append(text, r.raw[at:]...), '\n')
			r.raw = append(r.raw, '\n')
			at = len(r.raw)
			*begin = at
			if err := r.readLine(); err == io.EOF {
				return c, 0, &SyntaxError{line, column, "a quote opens here and is not closed"}
			} else if err != nil {
				return c, 0, err
			}
			continue
		}
		text = append(text, r.raw[at:at+end]...)
		if at += end + 1; at < len(r.raw) && r.raw[at] == '"' {
			text = append(text, '"')
			at++
			continue
		}
		for at < len(r.raw) && r.raw[at] == ' ' {
			at++
		}
		c = cell{text: string(text), quoted: true}
		switch {
		case at == len(r.raw):
			return c, -1, nil
		case r.raw[at] == r.sep:
			return c, at + 1, nil
		}
		return c, 0, &SyntaxError{r.line, at - *begin + 1, "text follows a closing quote (double a quote that belongs to the text)"}
	}
}

// splitBlank cuts a line at its last blanks.
func splitBlank(line string) []cell {
	line = strings.TrimRight(line, " \t")
	if at := strings.LastIndexAny(line, " \t"); at >= 0 {
		return []cell{{text: strings.TrimRight(line[:at], " \t")}, {text: line[at+1:]}}
	}
	return []cell{{text: line}}
}

// enclosed is a line as one cell.
func enclosed(line string) cell {
	if t := strings.TrimSpace(line); len(t) > 2 && t[0] == '"' && t[len(t)-1] == '"' && !strings.Contains(t[1:len(t)-1], `"`) {
		return cell{text: t[1 : len(t)-1], quoted: true}
	}
	return cell{text: line}
}
