package progress

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/retort-ml/retort/io/artifact"
)

// contents is what an artifact holds: "400 images, 12 duplicates, 1.2 MB,
// 3 quarantined (2 truncated, 1 zero-byte)".
func contents(m *artifact.Manifest) string {
	if m == nil {
		return ""
	}
	var parts []string
	for _, name := range slices.SortedFunc(maps.Keys(m.Counts), imagesFirst) {
		if n := m.Counts[name]; n != 0 && !saidElsewhere[name] {
			parts = append(parts, counted(n, name))
		}
	}
	if size := m.Bytes(); size > 0 {
		parts = append(parts, Bytes(float64(size)))
	}
	if q := quarantined(m.Quarantine); q != "" {
		parts = append(parts, q)
	}
	return strings.Join(parts, ", ")
}

// counted is "12 images", "1 class". What a user's own stage counts is written as
// it is named, but for the underscores.
func counted(n int64, name string) string {
	if one := singular[name]; n == 1 && one != "" {
		name = one
	}
	return Count(n) + " " + strings.ReplaceAll(name, "_", " ")
}

// singular are those of the counts that the ready stages make.
var singular = map[string]string{"classes": "class", "duplicates": "duplicate", "images": "image", "records": "record", "steps": "step", "views": "view"}

// saidElsewhere are counts that what is quarantined tells as well.
var saidElsewhere = map[string]bool{"ingested": true, "quarantined": true}

// imagesFirst sorts what is counted: images, then the rest by name.
func imagesFirst(a, b string) int {
	if (a == "images") != (b == "images") {
		if a == "images" {
			return -1
		}
		return 1
	}
	return strings.Compare(a, b)
}

// quarantined is "3 of 400 quarantined (2 truncated, 1 zero-byte)"; empty
// where nothing was.
func quarantined(q *artifact.Quarantine) string {
	if q == nil || q.Total == 0 {
		return ""
	}
	reasons := slices.Collect(maps.Keys(q.Reasons))
	slices.SortFunc(reasons, func(a, b string) int {
		if q.Reasons[a] != q.Reasons[b] {
			return int(q.Reasons[b] - q.Reasons[a])
		}
		return strings.Compare(a, b)
	})
	for i, r := range reasons {
		reasons[i] = fmt.Sprintf("%s %s", Count(q.Reasons[r]), r)
	}
	return fmt.Sprintf("%s of %s quarantined (%s)", Count(q.Total), Count(q.Of), strings.Join(reasons, ", "))
}
