package table

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// columns says what the cells of a row are.
type columns struct {
	key     int
	class   int   // -1: none
	oneHot  []int // columns of which the one with a 1 names the class
	unused  []string
	guessed bool // that the first row names columns
}

// The names that people give to columns, those first that say most; compared
// without case, blanks and signs.
var (
	keyNames = []string{"path", "filepath", "imagepath", "imgpath", "relpath", "relativepath", "fullpath", "imagefilepath", "impath",
		"filename", "file", "imagefile", "imagefilename", "imgfile", "imgfilename", "imagename", "imgname", "fname",
		"image", "img", "picture", "photo", "images", "files", "filenames", "imageindex", "imageid", "imgid", "idcode", "isicid",
		"photoid", "pictureid", "fileid", "uuid", "uid", "id", "ids", "key", "x", "url", "name"}
	classNames = []string{"label", "labels", "class", "classname", "classlabel", "labelname", "target", "category", "categoryname",
		"groundtruth", "gt", "truth", "classes", "breed", "diagnosis", "dx", "species", "disease", "findinglabels", "variety", "kind",
		"type", "tag", "tags", "annotation", "level", "grade", "classid", "labelid", "categoryid", "targetid", "y"}
	indexNames = []string{"", "index", "unnamed0", "rownames", "no", "nr"}
)

// canonical is the name of a column as it is compared.
func canonical(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// named finds the column whose name comes first in names, -1: none.
func named(header, names []string, except int) int {
	best, rank := -1, len(names)
	for i, h := range header {
		if at := slices.Index(names, canonical(h)); i != except && at >= 0 && at < rank {
			best, rank = i, at
		}
	}
	return best
}

// isHeader reports whether a row names columns.
func isHeader(cells []string) bool {
	known := false
	for _, c := range cells {
		if PictureName(c) || isID(c) {
			return false
		}
		name := canonical(c)
		known = known || slices.Contains(keyNames, name) || len(cells) > 1 && slices.Contains(classNames, name)
	}
	return known
}

// isID reports whether a text is an image's id: 32 hexadecimal digits.
func isID(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == ""
}

// assign decides what the columns are; rows are a sample.
func (t *Table) assign(rows []*record) error {
	t.key, t.class = 0, -1
	if t.header == nil {
		rows = t.unknownHeader(rows)
	}
	if t.header == nil {
		return t.bare(rows)
	}
	t.key = named(t.header, keyNames, -1)
	t.class = named(t.header, classNames, t.key)
	rest := t.others(t.key, t.class)
	if t.key < 0 {
		if t.key = pictures(rows, t.cells); t.key < 0 && len(rest) == 1 {
			t.key = rest[0]
		}
		if t.key < 0 || t.key == t.class {
			return t.errorf(t.first-1, "no column names the images: the columns are %s (call one of them path, filename, image or id)", quoted(t.header))
		}
		rest = t.others(t.key, t.class)
	}
	if t.class < 0 {
		if len(rest) == 1 {
			t.class = rest[0]
		} else if t.oneHot = oneHot(rows, rest); t.oneHot == nil && t.kind == Labels {
			return t.noClass(rows, rest)
		}
	}
	for _, i := range t.others(t.key, t.class) {
		if !slices.Contains(t.oneHot, i) {
			t.unused = append(t.unused, t.header[i])
		}
	}
	return nil
}

func (t *Table) noClass(rows []*record, rest []int) error {
	if len(rest) == 0 {
		return t.errorf(t.first-1, "there is one column, %s, and none with labels (want path and label, with a comma, semicolon, tab or pipe between)", quoted(t.header))
	}
	if row := severalOnes(rows, rest); row != nil {
		return t.errorf(row.line, "the row has several classes: columns with a 1; want one 1 in a row (several labels an image are not read), or a column with the labels called label")
	}
	return t.errorf(t.first-1, "no column is known to hold labels: the columns are %s (call the one with the labels label; a column a class, as 0 and 1 with one 1 in every row, is read too)", quoted(t.header))
}

// others are the columns beside a and b that have a name.
func (t *Table) others(a, b int) (rest []int) {
	for i, h := range t.header {
		if i != a && i != b && !slices.Contains(indexNames, canonical(h)) {
			rest = append(rest, i)
		}
	}
	return rest
}

// unknownHeader takes the first row for names of columns, whatever they are,
// where it alone names no picture.
func (t *Table) unknownHeader(rows []*record) []*record {
	if len(rows) < 3 || t.cells < 2 {
		return rows
	}
	at := pictures(rows[1:], t.cells)
	if at < 0 || PictureName(rows[0].cells[at].text) || rows[0].hash() {
		return rows
	}
	t.header, t.first = rows[0].names(), rows[0].line+1
	t.header[at], t.guessed = "path", true
	return rows[1:]
}

// bare finds the columns of a table that does not name them: path; path,label;
// label,path; or these with a running number before them.
func (t *Table) bare(rows []*record) error {
	var in []int
	for i := range t.cells {
		if !all(rows, func(r *record) bool { return strings.TrimSpace(r.cells[i].text) == "" }) && !counts(rows, i, t.cells) {
			in = append(in, i)
		}
	}
	switch {
	case len(in) > 2:
		return t.errorf(0, "no column is named path, and there are %d; want path, path,label or a first line with the names of the columns", t.cells)
	case len(in) == 0:
		in = []int{0}
	}
	t.key = in[0]
	if len(in) == 2 {
		t.class = in[1]
		if pictures(rows, t.cells) == in[1] {
			t.key, t.class = in[1], in[0]
		}
	}
	if t.class < 0 && t.kind == Labels && len(rows) > 0 && t.cells < 2 {
		return t.errorf(rows[0].line, "%q: cells: 1, want 2: path,label or id,label (with a comma, semicolon, tab or pipe between)", rows[0].raw)
	}
	if t.class < 0 && t.cells == 2 {
		t.class = 1 - t.key // no row of the sample has a label
	}
	return nil
}

// counts reports whether a column of three or more numbers the rows.
func counts(rows []*record, i, cells int) bool {
	if cells < 3 || len(rows) < 2 {
		return false
	}
	first, err := strconv.Atoi(strings.TrimSpace(rows[0].cells[i].text))
	at := first
	return err == nil && all(rows, func(r *record) bool {
		n, err := strconv.Atoi(strings.TrimSpace(r.cells[i].text))
		at++
		return err == nil && n == at-1
	})
}

// pictures is the one column that names pictures in all rows, -1: none.
func pictures(rows []*record, cells int) int {
	found := -1
	for i := range cells {
		if len(rows) > 0 && all(rows, func(r *record) bool { return PictureName(r.cells[i].text) }) {
			if found >= 0 {
				return -1
			}
			found = i
		}
	}
	return found
}

func all(rows []*record, ok func(*record) bool) bool {
	return !slices.ContainsFunc(rows, func(r *record) bool { return !ok(r) })
}

// oneHot are the columns of rest that hold 0 and 1 only, if every row has at most
// one 1 among them, and some row has.
func oneHot(rows []*record, rest []int) (hot []int) {
	for _, i := range rest {
		if all(rows, func(r *record) bool { _, ok := bit(r.cells[i].text); return ok }) {
			hot = append(hot, i)
		}
	}
	some := false
	for _, r := range rows {
		n := 0
		for _, i := range hot {
			if on, _ := bit(r.cells[i].text); on {
				n++
			}
		}
		if some = some || n == 1; n > 1 {
			return nil
		}
	}
	if len(hot) < 2 || !some {
		return nil
	}
	return hot
}

// severalOnes is the first row with more than one 1, where two or more columns
// hold nothing but 0 and 1.
func severalOnes(rows []*record, rest []int) *record {
	var bits []int
	for _, i := range rest {
		if all(rows, func(r *record) bool { _, ok := bit(r.cells[i].text); return ok }) {
			bits = append(bits, i)
		}
	}
	for _, r := range rows {
		n := 0
		for _, i := range bits {
			if on, _ := bit(r.cells[i].text); on {
				n++
			}
		}
		if n > 1 && len(bits) == len(rest) {
			return r
		}
	}
	return nil
}

// bit reads 0, 1, 0.0, 1.0.
func bit(text string) (on, ok bool) {
	x, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return x == 1, err == nil && (x == 0 || x == 1)
}

func quoted(names []string) string {
	var b strings.Builder
	for i, n := range names {
		if i > 0 {
			b.WriteString(", ")
		}
		if i == 20 {
			fmt.Fprintf(&b, "… (%d)", len(names))
			break
		}
		fmt.Fprintf(&b, "%q", n)
	}
	return b.String()
}
