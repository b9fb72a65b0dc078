package ingest

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// labelTable is a CSV of labels: by image id, by path inside the source, or by
// path as the file system knows it.
type labelTable struct {
	file    string
	rows    map[string]*labelRow
	columns labelColumns
	example string // the name of some image, to show what names look like
}

type labelRow struct {
	line  int
	class string
	image string // the image that it names, once met
	whole bool   // it names the image by its whole name or id, not by the end of its path
}

// labelColumns is where a row has its key and its class, of how many cells.
type labelColumns struct{ key, class, cells int }

// readLabels parses a CSV of "path,label" or "id,label" rows, with or without a
// header. A broken line is an error that names it.
func readLabels(file string) (*labelTable, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("labels: %w (give \"folder\", \"none\" or a CSV of path,label)", err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	r.TrimLeadingSpace = true
	r.Comment = '#'
	t := &labelTable{file: file, rows: map[string]*labelRow{}, columns: labelColumns{0, 1, 2}}
	for first := true; ; first = false {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, t.broken(err)
		}
		if first {
			row[0] = strings.TrimPrefix(row[0], "\ufeff")
		}
		if first && t.header(row) {
			continue
		}
		line, _ := r.FieldPos(0)
		if err := t.add(line, row); err != nil {
			return nil, err
		}
	}
	if len(t.rows) == 0 {
		return nil, fmt.Errorf("labels: %s: no labels in it (want lines of path,label or id,label)", file)
	}
	return t, nil
}

func (t *labelTable) broken(err error) error {
	var at *csv.ParseError
	if errors.As(err, &at) {
		return fmt.Errorf("labels: %s:%d:%d: %w (want path,label; mend the line)", t.file, at.Line, at.Column, at.Err)
	}
	return fmt.Errorf("labels: %s: %w", t.file, err)
}

var (
	keyColumns   = []string{"path", "id", "file", "filename", "file_name", "image", "image_path", "filepath", "name"}
	classColumns = []string{"label", "class", "class_name"}
)

// header takes the names of columns from the first row, if it is one.
func (t *labelTable) header(row []string) bool {
	named := func(names []string) int {
		return slices.IndexFunc(row, func(cell string) bool {
			return slices.Contains(names, strings.ToLower(strings.TrimSpace(cell)))
		})
	}
	key, class := named(keyColumns), named(classColumns)
	if key < 0 || class < 0 && (key > 0 || len(row) != 2) {
		return false
	}
	if class < 0 {
		class = 1
	}
	t.columns = labelColumns{key, class, len(row)}
	return true
}

func (t *labelTable) add(line int, row []string) error {
	if len(row) != t.columns.cells {
		return fmt.Errorf("labels: %s:%d: %q: cells: %d, want %d: path,label or id,label (put quotes around a path with a comma)", t.file, line, strings.Join(row, ","), len(row), t.columns.cells)
	}
	name, class := row[t.columns.key], strings.TrimSpace(row[t.columns.class])
	if strings.TrimSpace(name) == "" || class == "" {
		return fmt.Errorf("labels: %s:%d: %q is no path,label or id,label (mend or remove the line)", t.file, line, strings.Join(row, ","))
	}
	key := clean(name)
	if old, ok := t.rows[key]; ok && old.class != class {
		return fmt.Errorf("labels: %s:%d: %q has the label %q here and %q in line %d (remove one of the lines)", t.file, line, name, class, old.class, old.line)
	}
	t.rows[key] = &labelRow{line: line, class: class}
	return nil
}

func clean(name string) string { return path.Clean(filepath.ToSlash(strings.TrimSpace(name))) }
