package imagefile

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/retort-ml/retort/internal/address"
)

func isList(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".txt", ".lst", ".list", ".csv":
		return true
	}
	return false
}

// list lists the files that a text file or CSV names. Paths are relative to
// the list's own folder.
func (l *lister) list(p string) error {
	f, err := os.Open(p)
	if err != nil {
		return fmt.Errorf("image list %s: %w", p, cause(err))
	}
	defer f.Close()
	if strings.EqualFold(filepath.Ext(p), ".csv") {
		return l.csvList(p, f)
	}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		if err := l.named(p, n, text, ""); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("image list %s: %w; want one path a line", p, err)
	}
	return nil
}

var (
	pathColumns  = []string{"path", "file", "filename", "file_name", "image", "image_path", "filepath"}
	labelColumns = []string{"label", "class", "class_name"}
)

func (l *lister) csvList(p string, r io.Reader) error {
	rows := csv.NewReader(r)
	rows.ReuseRecord, rows.TrimLeadingSpace = true, true
	pathAt, labelAt := 0, -1
	for first := true; ; first = false {
		row, err := rows.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			var pe *csv.ParseError
			if errors.As(err, &pe) {
				return fmt.Errorf("image list %s: line %d: %w (noticed at line %d, column %d); mend or delete the line", p, pe.StartLine, pe.Err, pe.Line, pe.Column)
			}
			return fmt.Errorf("image list %s: %w", p, err)
		}
		if first {
			row[0] = strings.TrimPrefix(row[0], "\ufeff")
			at := column(row, pathColumns)
			if labelAt = column(row, labelColumns); at >= 0 {
				pathAt = at
				continue
			}
			if labelAt, err = nameless(row); err != nil {
				return fmt.Errorf("image list %s: line 1: %w", p, err)
			}
		}
		line, _ := rows.FieldPos(pathAt)
		label := ""
		if labelAt >= 0 {
			label = row[labelAt]
		}
		if err := l.named(p, line, strings.TrimSpace(row[pathAt]), label); err != nil {
			return err
		}
	}
}

// nameless says which column of a list without names of columns holds labels, if
// any does: path or path,label, as a CSV of labels has them.
func nameless(row []string) (labelAt int, err error) {
	switch len(row) {
	case 1:
		return -1, nil
	case 2:
		return 1, nil
	}
	return 0, fmt.Errorf("no column is named path, and there are %d; want path, path,label or a first line with the names of the columns", len(row))
}

// column finds the first column with one of the names.
func column(row, names []string) int {
	return slices.IndexFunc(row, func(cell string) bool {
		return slices.Contains(names, strings.ToLower(strings.TrimSpace(cell)))
	})
}

// named lists the file that one line of a list names. What a list names was
// asked for, so a file that is not an image is tried (and quarantined), and a
// missing one is reported, not skipped.
func (l *lister) named(list string, line int, text, label string) error {
	if text == "" {
		return fmt.Errorf("image list %s: line %d: the path is empty; mend or delete the line", list, line)
	}
	local, err := address.Local(text)
	if err != nil {
		return fmt.Errorf("image list %s: line %d: %w", list, line, err)
	}
	p := filepath.FromSlash(local)
	if !filepath.IsAbs(p) {
		p = filepath.Join(filepath.Dir(list), p)
	}
	name := filepath.ToSlash(filepath.Clean(local))
	e := Entry{Name: name, URI: p}
	if e.place(folderOf(name)); label != "" {
		e.labelled(label)
	}
	info, err := os.Stat(p)
	switch {
	case errors.Is(err, os.ErrNotExist):
		e.Reason, e.Detail = Missing, fmt.Sprintf("named by %s, line %d", list, line)
	case err != nil:
		e.Reason, e.Detail = Unreadable, fmt.Sprintf("named by %s, line %d: %v", list, line, cause(err))
	case !info.Mode().IsRegular():
		e.Reason, e.Detail = SpecialFile, fmt.Sprintf("named by %s, line %d: not a file", list, line)
	default:
		e.Length = info.Size()
	}
	return l.emit(e)
}
