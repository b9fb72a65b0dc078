package ingest

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"

	"github.com/retort-ml/retort/io/imagefile"
)

// labelTable is a CSV of labels: by image id, by path inside the source, or by
// path as the file system knows it.
type labelTable struct {
	file string
	rows map[string]*labelRow
	used int
}

type labelRow struct {
	line  int
	class string
	used  bool
}

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
	t := &labelTable{file: file, rows: map[string]*labelRow{}}
	for first := true; ; first = false {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("labels: %s: %w (want path,label)", file, err)
		}
		line, _ := r.FieldPos(0)
		if first && isHeader(row) {
			continue
		}
		if err := t.add(line, row); err != nil {
			return nil, err
		}
	}
	if len(t.rows) == 0 {
		return nil, fmt.Errorf("labels: %s: no labels in it (want lines of path,label or id,label)", file)
	}
	return t, nil
}

func isHeader(row []string) bool {
	if len(row) < 2 {
		return false
	}
	switch strings.ToLower(strings.TrimPrefix(row[0], "\ufeff")) {
	case "path", "id", "file", "filename", "image", "name":
		return true
	}
	return false
}

func (t *labelTable) add(line int, row []string) error {
	if len(row) < 2 || strings.TrimSpace(row[0]) == "" || strings.TrimSpace(row[1]) == "" {
		return fmt.Errorf("labels: %s:%d: %q is no path,label or id,label", t.file, line, strings.Join(row, ","))
	}
	key, class := clean(strings.TrimPrefix(row[0], "\ufeff")), strings.TrimSpace(row[1])
	if old, ok := t.rows[key]; ok && old.class != class {
		return fmt.Errorf("labels: %s:%d: %q has the label %q here and %q in line %d", t.file, line, row[0], class, old.class, old.line)
	}
	t.rows[key] = &labelRow{line: line, class: class}
	return nil
}

func clean(name string) string { return path.Clean(filepath.ToSlash(strings.TrimSpace(name))) }

// class returns the label of an image, by id, by its name inside the source,
// or by any shorter tail of its path down to the file's name.
func (t *labelTable) class(id imagefile.ID, e imagefile.Entry) string {
	exact := path.Clean(filepath.ToSlash(e.Name))
	for _, key := range []string{id.String(), exact, clean(e.Name), clean(e.URI)} {
		if class, ok := t.take(key); ok {
			return class
		}
	}
	name := clean(e.Name)
	for {
		_, rest, found := strings.Cut(name, "/")
		if !found {
			return ""
		}
		if class, ok := t.take(rest); ok {
			return class
		}
		name = rest
	}
}

func (t *labelTable) take(key string) (string, bool) {
	row, ok := t.rows[key]
	if !ok {
		return "", false
	}
	if !row.used {
		row.used = true
		t.used++
	}
	return row.class, true
}

// unused is an error when lines name images that are not there.
func (t *labelTable) unused(sources []string) error {
	if t.used == len(t.rows) {
		return nil
	}
	var lines []string
	var first []*labelRow
	names := map[*labelRow]string{}
	for name, row := range t.rows {
		if !row.used {
			first = append(first, row)
			names[row] = name
		}
	}
	sort.Slice(first, func(i, j int) bool { return first[i].line < first[j].line })
	for _, row := range first[:min(len(first), 5)] {
		lines = append(lines, fmt.Sprintf("  line %d: %s", row.line, names[row]))
	}
	return fmt.Errorf("labels: %s: %d of %d lines name no image of %s (mend the paths, or remove the lines):\n%s",
		t.file, len(first), len(t.rows), strings.Join(sources, ", "), strings.Join(lines, "\n"))
}
