package config

import (
	"bufio"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"unicode"
)

func printConfig(w io.Writer, fields, defaults []field, late bool) error {
	b := bufio.NewWriter(w)
	printFields(b, "", fields, defaults, late)
	return b.Flush()
}

// printFields prints late keys at their default only where that is wanted.
func printFields(w io.Writer, indent string, fields, defaults []field, late bool) {
	width := 0
	lines := make([]string, len(fields))
	for i, f := range fields {
		if f.late && !late && literal(f.value) == literal(defaults[i].value) {
			continue
		}
		if lines[i] = indent + f.key + ":"; !f.section() {
			lines[i] += " " + literal(f.value)
			width = max(width, min(len(lines[i]), commentColumn))
		}
	}
	for i, f := range fields {
		if lines[i] == "" {
			continue
		}
		if f.section() {
			fmt.Fprintf(w, "\n%s\n", lines[i])
			printFields(w, indent+"  ", fieldsIn(f.value), fieldsIn(defaults[i].value), late)
			continue
		}
		fmt.Fprintf(w, "%-*s  # %s\n", width, lines[i], f.comment(defaults[i]))
	}
}

// commentColumn is the farthest right that comments are aligned to.
const commentColumn = 40

func (f field) comment(std field) string {
	parts := []string{f.doc}
	if legal := f.legal(); legal != "" {
		parts = append(parts, legal)
	}
	return strings.Join(append(parts, "default "+literal(std.value)), "; ")
}

// literal is a value as YAML.
func literal(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		return quoted(v.String())
	case reflect.Slice:
		items := make([]string, v.Len())
		for i := range items {
			items[i] = strconv.Quote(v.Index(i).String())
		}
		return "[" + strings.Join(items, ", ") + "]"
	case reflect.Map:
		return mapLiteral(v.Interface().(map[string]any))
	case reflect.Float64:
		return number(v.Float())
	}
	return fmt.Sprint(v.Interface())
}

// quoted leaves plain words as they are and puts quotes around all else. What
// Go's quotes escape is what YAML's double quotes understand.
func quoted(s string) string {
	for i, r := range s {
		if !(unicode.IsLetter(r) && r < unicode.MaxASCII) && (i == 0 || !strings.ContainsRune("0123456789-_./", r)) {
			return strconv.Quote(s)
		}
	}
	switch strings.ToLower(s) {
	case "", "true", "false", "null", "yes", "no", "on", "off", "nan", "inf", "y", "n":
		return strconv.Quote(s)
	}
	return s
}
