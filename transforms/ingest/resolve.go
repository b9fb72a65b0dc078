package ingest

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/index"
)

// rowNote carries the row of a list from the check to where labels are compared;
// it is not written.
const rowNote = "row"

// statement is one source's word on the label of an image.
type statement struct {
	Class string `json:"class"`
	Where string `json:"where"`
}

// resolver finds the one label of an image that several files, folders or rows
// may speak of.
type resolver struct {
	table string // the file, "" where labels are no table
	named map[imagefile.ID]*namedImage
}

// resolve returns the reference to keep, with its label. conflict says who
// contradicts whom, "" where nobody does: then one of the labels is wrong.
func (r *resolver) resolve(m index.Image) (e index.Entry, conflict string) {
	var said []statement
	e = m.Entry
	if r.table == "" {
		for _, i := range append([]index.Entry{m.Entry}, m.Copies...) {
			said = append(said, statement{i.Class, whereOf(i)})
		}
		e.Class = m.Class
	} else {
		e, said = r.lines(m)
	}
	if e.Notes = without(e.Notes, rowNote); len(said) > 1 {
		conflict = contradiction(said)
	}
	return e, conflict
}

// lines are what the rows of the table say. Of copies the one that a row names is
// kept.
func (r *resolver) lines(m index.Image) (e index.Entry, said []statement) {
	e = m.Entry
	named := r.named[m.ID]
	if named == nil {
		return e, nil
	}
	for _, i := range m.Copies {
		if e.Name != named.Name && i.Name == named.Name {
			e = i
		}
	}
	for _, s := range named.Said {
		if e.Class == "" {
			e.Class = s.Class
		}
	}
	return e, named.Said
}

func whereOf(e index.Entry) string {
	if row := e.Notes[rowNote]; row != "" {
		return fmt.Sprintf("%s (%s)", row, e.Name)
	}
	return e.Name
}

// contradiction names all who give an image a label, if they give several.
func contradiction(said []statement) string {
	first, several := "", false
	var words []string
	for _, s := range said {
		if s.Class == "" {
			continue
		}
		if first == "" {
			first = s.Class
		}
		several = several || s.Class != first
		words = append(words, fmt.Sprintf("%s says %q", s.Where, s.Class))
	}
	if !several {
		return ""
	}
	return strings.Join(words, ", ")
}

// withNote adds a note to a copy of others.
func withNote(notes map[string]string, key, value string) map[string]string {
	all := map[string]string{key: value}
	maps.Copy(all, notes)
	return all
}

func without(notes map[string]string, key string) map[string]string {
	if _, ok := notes[key]; !ok {
		return notes
	}
	if delete(notes, key); len(notes) == 0 {
		return nil
	}
	return notes
}

// tellLabels says how labels were read, and what about them is likely a mistake.
func (f *finishing) tellLabels(classes, notes []string) {
	for _, note := range notes {
		f.out.Note("%s", note)
	}
	if f.Conflicts > 0 {
		f.out.Note("images with two labels, set aside: %d (quarantine.jsonl says which)", f.Conflicts)
	}
	alike := map[string]string{}
	for _, class := range classes {
		key := folded(class)
		if other, ok := alike[key]; ok {
			f.out.Note("classes that differ in nothing but upper and lower case, blanks or the form of letters and numbers: %q and %q (they are two)", other, class)
		}
		alike[key] = class
	}
	if _, ok := alike["-1"]; ok {
		f.out.Note("one of the classes is %q (leave the label blank where it means that there is none)", "-1")
	}
}

var wholeNumber = regexp.MustCompile(`^-?\d+\.0+$`)

// folded is a class as people read it: 1.0 is 1 as a spreadsheet wrote it.
func folded(class string) string {
	seen := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, strings.ToLower(norm.NFKC.String(class)))
	seen = strings.Join(strings.Fields(seen), " ")
	if wholeNumber.MatchString(seen) {
		seen, _, _ = strings.Cut(seen, ".")
	}
	return seen
}
