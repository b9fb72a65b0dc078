package ingest

import (
	"encoding/hex"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/retort-ml/retort/io/imagefile"
)

// class returns the label of an image, by id, by its name inside the source, by
// its path, or by any shorter end of its path down to the file's name. id is nil
// where it is not known. A line that names two images is an error.
func (t *labelTable) class(id *imagefile.ID, e imagefile.Entry) (string, error) {
	if t.example == "" {
		t.example = e.Name
	}
	if id != nil {
		if row, ok := t.rows[id.String()]; ok { // every copy of the same bytes
			row.image, row.whole = e.Name, true
			return row.class, nil
		}
	}
	whole := []string{path.Clean(filepath.ToSlash(e.Name)), clean(e.Name), clean(e.URI)}
	for _, key := range whole {
		if row, ok := t.rows[key]; ok {
			return t.take(row, key, e, true)
		}
	}
	for _, end := range []string{clean(e.Name), clean(e.URI)} {
		for rest, found := end, true; found; {
			if _, rest, found = strings.Cut(rest, "/"); !found {
				break
			}
			if row, ok := t.rows[rest]; ok {
				return t.take(row, rest, e, false)
			}
		}
	}
	return "", nil
}

// take gives an image the class of a row. A row that names one image whole is
// not for those whose paths only end like it.
func (t *labelTable) take(row *labelRow, key string, e imagefile.Entry, whole bool) (string, error) {
	image := e.URI + ": " + e.Name
	switch {
	case row.image == "" || row.image == image:
		row.image, row.whole = image, whole
		return row.class, nil
	case row.whole && !whole:
		return "", nil
	}
	return "", fmt.Errorf("labels: %s:%d: %q names several images, among them %s and %s (write more of the path)", t.file, row.line, key, row.image, image)
}

// hasIDs reports whether some line may name an image by its id.
func (t *labelTable) hasIDs() bool {
	for key := range t.rows {
		if raw, err := hex.DecodeString(key); err == nil && len(raw) == len(imagefile.ID{}) {
			return true
		}
	}
	return false
}

// unused is an error when lines name images that are not there.
func (t *labelTable) unused(sources []string) error {
	type line struct {
		*labelRow
		key string
	}
	var idle []line
	for key, row := range t.rows {
		if row.image == "" {
			idle = append(idle, line{row, key})
		}
	}
	if len(idle) == 0 {
		return nil
	}
	slices.SortFunc(idle, func(a, b line) int { return a.line - b.line })
	var b strings.Builder
	for _, l := range idle[:min(len(idle), 5)] {
		fmt.Fprintf(&b, "\n  line %d: %s", l.line, l.key)
	}
	return fmt.Errorf("labels: %s: %d of %d lines name no image of %s (an image there is %q; mend the paths, or remove the lines):%s",
		t.file, len(idle), len(t.rows), strings.Join(sources, ", "), t.example, b.String())
}
