package config

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/retort-ml/retort/internal/didyoumean"
)

// set lays one "a.b=value" over the config. Text is taken as it stands; lists
// are written [a, b]; everything else as in the file.
func (l *loader) set(setting string) {
	l.where = func(ast.Node) string { return fmt.Sprintf("--set %s", setting) }
	bad := func(format string, args ...any) {
		l.problems = append(l.problems, fmt.Errorf("--set %s: %s", setting, fmt.Sprintf(format, args...)))
	}
	path, text, ok := strings.Cut(setting, "=")
	if !ok {
		bad("want key=value, such as --set %s", l.example())
		return
	}
	path = strings.TrimSpace(path)
	if l.setEntry(path, text, bad) {
		return
	}
	f, err := l.find(path)
	if err != nil {
		bad("%v", err)
		return
	}
	if f.section() {
		bad("%s is a section; set one of its keys: %s", path, strings.Join(keysOf(fieldsIn(f.value)), ", "))
		return
	}
	if f.value.Kind() == reflect.String {
		l.setText(f, path, text)
		return
	}
	d, err := parseDocument("--set "+setting, []byte(text))
	switch {
	case err != nil:
		bad("%v", strings.TrimPrefix(err.Error(), "--set "+setting+":"))
	case d.body == nil:
		bad("%s has no value", path)
	default:
		l.value(f, path, d.body)
	}
}

// setEntry sets one key of a map, such as pretrain.objective_settings.weight; it
// says whether the path names one.
func (l *loader) setEntry(path, text string, bad func(string, ...any)) bool {
	dot := strings.LastIndexByte(path, '.')
	if dot < 0 {
		return false
	}
	f, err := l.find(path[:dot])
	if err != nil || f.value.Kind() != reflect.Map {
		return false
	}
	d, err := parseDocument("--set "+path, []byte(text))
	if err != nil || d.body == nil {
		bad("%s has no value", path)
		return true
	}
	value, ok := scalar(l.resolve(d.body))
	if !ok {
		bad("%s = %s; want a number, a text, true or false", path, shown(d.body))
		return true
	}
	setKey(f.value, path[dot+1:], value)
	return true
}

func (l *loader) setText(f field, path, text string) {
	before := f.value.String()
	f.value.SetString(text)
	if want := f.check(); want != "" {
		f.value.SetString(before)
		l.fail(nil, "%s = %q; want %s%s", path, text, want, f.hint(text))
	}
}

// example is a setting as it is written: of a value in a section, if there is
// one.
func (l *loader) example() (example string) {
	visit(l.root, "", func(path string, f field) {
		if example == "" || !strings.Contains(example, ".") && strings.Contains(path, ".") {
			example = path + "=" + literal(f.value)
		}
	})
	return example
}

// find is the field at a dotted path.
func (l *loader) find(path string) (field, error) {
	fields, section := l.root, ""
	parts := strings.Split(path, ".")
	for i, part := range parts {
		j := indexOf(keysOf(fields), part)
		if j < 0 {
			return field{}, fmt.Errorf("unknown key %q%s", path, l.pathHint(section, part, keysOf(fields)))
		}
		f := fields[j]
		if i == len(parts)-1 {
			return f, nil
		}
		if !f.section() {
			return field{}, fmt.Errorf("unknown key %q; %s has no keys of its own", path, section+part)
		}
		fields, section = fieldsIn(f.value), section+part+"."
	}
	return field{}, fmt.Errorf("unknown key %q", path)
}

func indexOf(list []string, s string) int {
	for i, x := range list {
		if x == s {
			return i
		}
	}
	return -1
}

// pathHint is a did-you-mean that gives the whole path.
func (l *loader) pathHint(section, part string, known []string) string {
	whole := make([]string, len(known))
	for i, k := range known {
		whole[i] = section + k
	}
	if section == "" {
		return l.elsewhere("", part, known)
	}
	return didyoumean.Hint(section+part, whole)
}
