// Package sweep is many runs of the ready graph in one: fractions of labels x
// architectures x selectors x seeds, and any key of the config, from one YAML
// file. What the points share is made once ([pipelines.Variants]).
package sweep

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/retort-ml/retort/internal/didyoumean"
	"github.com/retort-ml/retort/pipelines/config"
	"github.com/retort-ml/retort/pipelines/simclrv2"
)

// Spec is what a file asks for.
type Spec struct {
	Preset string   // that every point starts from; "" is simclrv2's
	Set    []string // "key=value" over it
	Parts  []Part
}

// Part is a product of axes. A file without the key parts is one.
type Part struct {
	Name   string
	Set    []string // over the spec's
	Models []string // which of Models are trained; empty: those of the config
	Axes   []Axis
}

// Axis is a column of the table.
type Axis struct {
	Name   string // fraction, architecture, selector, student, seed or a key of the config
	Values []Setting
}

// Setting is one value of an axis.
type Setting struct {
	Label string
	Set   []string               // "key=value"
	after func(*simclrv2.Config) // what depends on other keys; may be nil
}

// Models are the classifiers of a point. Where nothing is said, linear is none of
// them.
var Models = []string{supervised, linear, finetuned, distilled}

const (
	supervised = "supervised"
	linear     = "linear"
	finetuned  = "finetuned"
	distilled  = "distilled"
)

// The axes that have a name of their own: the key in a file, and in the table.
var axes = []struct {
	key, name string
	setting   func(text string) (Setting, error)
}{
	{"fractions", "fraction", fraction},
	{"architectures", "architecture", func(text string) (Setting, error) { return network(text, "teacher") }},
	{"selectors", "selector", selector},
	{"students", "student", student},
	{"seeds", "seed", func(text string) (Setting, error) { return Setting{Label: text, Set: []string{"seed=" + text}}, nil }},
}

const partKeys = "set models axes fractions architectures selectors students seeds"

// shortest is a whole sweep.
const shortest = "seeds: [1, 2, 3]"

// Read reads a file. Each problem is a line of the error, with line and column.
func Read(path string) (*Spec, error) {
	root, err := config.Read(path)
	if errors.Is(err, config.ErrEmpty) {
		err = fmt.Errorf("%w; want at least one axis, such as %q (retort sweep --help shows all keys)", err, shortest)
	}
	if err != nil {
		return nil, err
	}
	fields, err := root.Fields("the sweep", strings.Fields("preset parts "+partKeys)...)
	if err != nil {
		return nil, err
	}
	r := &reader{spec: &Spec{}}
	for _, f := range fields { // what values are checked against comes first
		if f.Key == "preset" {
			r.preset(f.Value)
		}
	}
	common := r.part("", fields, Part{})
	r.spec.Set, common.Set = common.Set, nil
	r.spec.Parts = []Part{common}
	for _, f := range fields {
		if f.Key == "parts" {
			r.parts(f, common)
		}
	}
	return r.spec, errors.Join(r.problems...)
}

// reader collects what is wrong with a file.
type reader struct {
	spec     *Spec
	problems []error
}

func (r *reader) fail(err error) { r.problems = append(r.problems, err) }

func (r *reader) preset(v config.Value) {
	name, ok := v.Text()
	if !ok {
		r.fail(v.Errorf("preset = %s; want the name of a preset", v.Shown()))
		return
	}
	if _, err := simclrv2.ByName(name); err != nil {
		r.fail(v.Errorf("%w", err))
		return
	}
	r.spec.Preset = name
}

func (r *reader) parts(f config.Field, common Part) {
	r.spec.Parts = nil
	names := map[string]bool{}
	for _, item := range f.Value.Items() {
		fields, err := item.Fields("a part", strings.Fields("name "+partKeys)...)
		if err != nil {
			r.fail(err)
			continue
		}
		p := Part{Name: fmt.Sprint("part ", 1+len(r.spec.Parts))}
		for _, f := range fields {
			if f.Key == "name" {
				p.Name, _ = f.Value.Text()
			}
		}
		if p.Name == "" || names[p.Name] {
			r.fail(item.Errorf("name = %q; want a name that no other part has", p.Name))
		}
		names[p.Name] = true
		r.spec.Parts = append(r.spec.Parts, r.part(p.Name, fields, common))
	}
	if len(r.spec.Parts) == 0 {
		r.fail(f.Errorf("parts is empty; want a list of parts, or leave it out"))
	}
}

// part reads the keys of a part over what all of them have.
func (r *reader) part(name string, fields []config.Field, common Part) Part {
	p := Part{Name: name, Models: common.Models, Axes: slices.Clone(common.Axes)}
	for _, f := range fields {
		switch f.Key {
		case "set":
			p.Set = r.settings(f)
		case "models":
			p.Models = r.models(f)
		case "axes":
			keys, err := f.Value.Fields("axes")
			if err != nil {
				r.fail(err)
			}
			for _, key := range keys {
				p.axis(r.values(key, key.Key, func(text string) (Setting, error) {
					return Setting{Label: text, Set: []string{key.Key + "=" + text}}, nil
				}))
			}
		}
		for _, a := range axes {
			if a.key == f.Key {
				p.axis(r.values(f, a.name, a.setting))
			}
		}
	}
	return p
}

// axis puts one in, in the place of another of that name.
func (p *Part) axis(a Axis) {
	if i := slices.IndexFunc(p.Axes, func(b Axis) bool { return b.Name == a.Name }); i >= 0 {
		p.Axes[i] = a
		return
	}
	p.Axes = append(p.Axes, a)
}

// settings reads "key: value" pairs, keys as --set takes them.
func (r *reader) settings(f config.Field) (set []string) {
	keys, err := f.Value.Fields("set")
	if err != nil {
		r.fail(err)
	}
	for _, key := range keys {
		text, ok := key.Value.Text()
		if !ok {
			r.fail(key.Value.Errorf("%s = %s; want a number, a text, true or false (keys are written whole: pretrain.epochs: 20)", key.Key, key.Value.Shown()))
			continue
		}
		one := key.Key + "=" + text
		if err := r.legal([]string{one}); err != nil {
			r.fail(key.Errorf("%w", err))
			continue
		}
		set = append(set, one)
	}
	return set
}

func (r *reader) models(f config.Field) (names []string) {
	for _, item := range f.Value.Items() {
		name, _ := item.Text()
		if !slices.Contains(Models, name) {
			r.fail(item.Errorf("models = %s; want some of %s%s", item.Shown(), strings.Join(Models, ", "), didyoumean.Hint(name, Models)))
			continue
		}
		names = append(names, name)
	}
	return names
}

func (r *reader) values(f config.Field, name string, setting func(string) (Setting, error)) Axis {
	a := Axis{Name: name}
	for _, item := range f.Value.Items() {
		text, ok := item.Text()
		if !ok {
			r.fail(item.Errorf("%s has %s; want a list of values", f.Key, item.Shown()))
			continue
		}
		s, err := setting(text)
		if err == nil {
			err = r.legal(s.Set)
		}
		switch {
		case err != nil:
			r.fail(item.Errorf("%w", err))
		case slices.ContainsFunc(a.Values, func(b Setting) bool { return b.Label == s.Label }):
			r.fail(item.Errorf("%s has %s twice", f.Key, s.Label))
		default:
			a.Values = append(a.Values, s)
		}
	}
	if len(f.Value.Items()) == 0 {
		r.fail(f.Errorf("%s is empty; want a list of values", f.Key))
	}
	return a
}

// legal says what the config thinks of settings.
func (r *reader) legal(set []string) error {
	_, err := simclrv2.Load(r.spec.Preset, "", set)
	if err != nil {
		text := err.Error()
		for _, s := range set {
			text = strings.TrimPrefix(text, "--set "+s+": ")
		}
		return errors.New(text)
	}
	return nil
}

func fraction(text string) (Setting, error) {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || !(x > 0 && x <= 1) {
		return Setting{}, fmt.Errorf("fraction %s; want above 0 and at most 1", text)
	}
	return Setting{Label: strconv.FormatFloat(x, 'g', -1, 64), Set: []string{"split.fraction=" + text, "split.per_class=0", "split.ids="}}, nil
}

func selector(text string) (Setting, error) {
	if text == "last" {
		return Setting{Label: text, after: func(c *simclrv2.Config) { c.Finetune.Selector = c.Pretrain.HeadLayers }}, nil
	}
	if _, err := strconv.Atoi(text); err != nil {
		return Setting{}, fmt.Errorf("selector %s; want 0 (the encoder), 1, 2, … (layers of the projection head) or last", text)
	}
	return Setting{Label: text, Set: []string{"finetune.selector=" + text}}, nil
}

// student is a network, or "self": the teacher's.
func student(text string) (Setting, error) {
	if text == "self" {
		return Setting{Label: text, after: func(c *simclrv2.Config) { c.Student = c.Teacher }}, nil
	}
	return network(text, "student")
}

// network reads "resnet50 2x sk": a depth, a width (1x) and selective kernels.
func network(text, section string) (Setting, error) {
	arch, width, sk := "", "1", "false"
	for i, word := range strings.Fields(text) {
		switch number := strings.TrimSuffix(word, "x"); {
		case i == 0:
			arch = word
		case word == "sk":
			sk = "true"
		case number != "" && strings.Trim(number, "0123456789.") == "":
			width = number
		default:
			return Setting{}, fmt.Errorf("%q: %s is no part of a network; want such as \"resnet18 0.25x\" or \"resnet50 2x sk\"", text, word)
		}
	}
	return Setting{Label: strings.Join(strings.Fields(text), " "), Set: []string{section + ".arch=" + arch, section + ".width=" + width, section + ".sk=" + sk}}, nil
}
