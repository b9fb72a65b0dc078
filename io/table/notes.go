package table

import (
	"fmt"
	"slices"
	"strings"
)

// Notes is what a person should know of how the table was read, once Rows is
// through.
func (t *Table) Notes() (notes []string) {
	add := func(format string, args ...any) {
		notes = append(notes, t.path+": "+fmt.Sprintf(format, args...))
	}
	if t.src.form.guessed {
		notes = append(notes, t.src.form.note(t.path))
	}
	if t.comments > 0 {
		add("lines taken as comments, since they begin with # and name no image: %d, the first is line %d", t.comments, t.comment.Line)
	}
	if t.guessed {
		add("line %d is taken for the names of the columns: it alone names no picture", t.first-1)
	}
	if t.repeats > 0 {
		add("lines that name the columns again, as in tables that were joined, passed over: %d", t.repeats)
	}
	if len(t.unused) > 0 && t.kind != IDs {
		add("images are named by the column %q%s; not used: %s", t.header[t.key], t.classColumn(), quoted(t.unused))
	}
	if words := t.words(t.missing); words != "" {
		add("rows without a label: %s (a class of that name is written in quotes)", words)
	}
	if words := t.words(t.literal); words != "" {
		add("labels in quotes, taken as classes: %s", words)
	}
	return notes
}

func (t *Table) classColumn() string {
	switch {
	case t.oneHot != nil:
		return fmt.Sprintf(", their classes by the columns with a 1 (%d)", len(t.oneHot))
	case t.class >= 0:
		return fmt.Sprintf(", their classes by %q", t.header[t.class])
	}
	return ""
}

// words counts words for nothing, without the empty one.
func (t *Table) words(counts map[string]int64) string {
	var list []string
	for w, n := range counts {
		if w != "" {
			list = append(list, fmt.Sprintf("%s %d times", w, n))
		}
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}
