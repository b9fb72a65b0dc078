package sweep

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/retort-ml/retort/pipelines/simclrv2"
)

// Point is one run of a sweep.
type Point struct {
	Part   string
	At     map[string]string // axis name -> label, "seed" among them
	Models []string
	Config simclrv2.Config
	// Stage is that of its evaluation, once it is in a graph.
	Stage string
}

// Name says where the point lies: "fraction 0.01, selector 1, seed 2".
func (p *Point) Name(columns []string) string {
	var words []string
	for _, c := range append(slices.Clone(columns), seed) {
		words = append(words, c+" "+p.At[c])
	}
	return strings.Join(words, ", ")
}

// key tells points apart: without the seed, those that a mean is taken of.
func (p *Point) key(columns []string) string {
	labels := make([]string, len(columns))
	for i, c := range columns {
		labels[i] = p.At[c]
	}
	return strings.Join(labels, "\x00")
}

const seed = "seed"

// Columns are the axes of the table in order, without the seed: those that have
// a name of their own, then keys of the config.
func (s *Spec) Columns() []string {
	var columns []string
	for _, a := range axes {
		if a.name != seed {
			columns = append(columns, a.name)
		}
	}
	for _, p := range s.Parts {
		for _, a := range p.Axes {
			if a.Name != seed && !slices.Contains(columns, a.Name) {
				columns = append(columns, a.Name)
			}
		}
	}
	return columns
}

// Points are all points: seed by seed, so that every mean fills up alike. What
// each config is laid over with: the spec's settings, the part's, those of its
// place, then extra; last, change (which may be nil) has its word, or an objection. A point that
// two parts have is one; where they set it differently, that is an error.
func (s *Spec) Points(extra []string, change func(*simclrv2.Config) error) ([]*Point, error) {
	var points []*Point
	for _, part := range s.Parts {
		for _, place := range part.places() {
			p, err := s.point(part, place, extra, change)
			if err != nil {
				return nil, err
			}
			points = append(points, p)
		}
	}
	slices.SortStableFunc(points, func(a, b *Point) int { return compareSeeds(a.At[seed], b.At[seed]) })
	return merge(points, s.Columns())
}

// compareSeeds orders as numbers.
func compareSeeds(a, b string) int {
	x, _ := strconv.ParseUint(a, 10, 64) // the config made sure of them
	y, _ := strconv.ParseUint(b, 10, 64)
	return cmp.Compare(x, y)
}

// place is one value of each axis.
type place map[string]Setting

func (p Part) places() []place {
	all := []place{{}}
	for _, a := range p.Axes {
		var next []place
		for _, before := range all {
			for _, v := range a.Values {
				one := place{a.Name: v}
				for name, setting := range before {
					one[name] = setting
				}
				next = append(next, one)
			}
		}
		all = next
	}
	return all
}

func (s *Spec) point(part Part, at place, extra []string, change func(*simclrv2.Config) error) (*Point, error) {
	set := append(slices.Clone(s.Set), part.Set...)
	for _, a := range part.Axes {
		set = append(set, at[a.Name].Set...)
	}
	c, err := simclrv2.Load(s.Preset, "", append(set, extra...))
	if err != nil {
		return nil, err
	}
	for _, a := range part.Axes {
		if after := at[a.Name].after; after != nil {
			after(&c)
		}
	}
	if change != nil {
		if err := change(&c); err != nil {
			return nil, err
		}
	}
	p := &Point{Part: part.Name, At: defaults(c)}
	if p.Models, err = modelsOf(part.Models, &c); err != nil {
		return nil, err
	}
	p.Config = c
	for name, setting := range at {
		p.At[name] = setting.Label
	}
	for _, column := range s.Columns() {
		if p.At[column] == "" {
			p.At[column] = "-" // a key that only other parts vary
		}
	}
	return p, nil
}

// modelsOf are the models of a point, of which evaluate.linear has a say.
func modelsOf(listed []string, c *simclrv2.Config) ([]string, error) {
	models := slices.Clone(listed)
	switch l := c.Evaluate.Linear; {
	case len(models) == 0 && l == "only":
		models = []string{supervised, linear}
	case len(models) == 0:
		models = []string{supervised, finetuned, distilled}
	case l == "only" && (slices.Contains(models, finetuned) || slices.Contains(models, distilled)):
		return nil, fmt.Errorf("evaluate.linear = only, but models = %s (leave evaluate.linear out, and list linear among the models)", strings.Join(models, ", "))
	}
	if l := c.Evaluate.Linear; l != "" && l != "none" && !slices.Contains(models, linear) {
		models = append(models, linear)
	}
	c.Evaluate.Linear = "none" // the models tell: points are the same, however that was said
	return models, nil
}

// defaults are the labels of what no axis says.
func defaults(c simclrv2.Config) map[string]string {
	labels := "all"
	switch {
	case c.Split.IDs != "":
		labels = "listed"
	case c.Split.PerClass > 0:
		labels = fmt.Sprintf("%d a class", c.Split.PerClass)
	case c.Split.Fraction > 0:
		labels = strconv.FormatFloat(c.Split.Fraction, 'g', -1, 64)
	}
	at := map[string]string{"fraction": labels, "architecture": netName(c.Teacher), "student": netName(c.Student),
		"selector": strconv.Itoa(c.Finetune.Selector), seed: strconv.FormatUint(c.Seed, 10)}
	if c.Student == c.Teacher {
		at["student"] = "self"
	}
	return at
}

func netName(n simclrv2.NetConfig) string {
	name := fmt.Sprintf("%s %gx", n.Arch, n.Width)
	if n.SK {
		name += " sk"
	}
	return name
}

// merge makes one of points at the same place.
func merge(points []*Point, columns []string) ([]*Point, error) {
	known := map[string]*Point{}
	var all []*Point
	for _, p := range points {
		key := p.key(append(slices.Clone(columns), seed))
		q := known[key]
		if q == nil {
			known[key] = p
			all = append(all, p)
			continue
		}
		if text(p.Config) != text(q.Config) {
			return nil, fmt.Errorf("%s and %s both have %s, with other settings; make an axis of the key that differs", q.Part, p.Part, p.Name(columns))
		}
		for _, m := range p.Models {
			if !slices.Contains(q.Models, m) {
				q.Models = append(slices.Clone(q.Models), m)
			}
		}
	}
	return all, nil
}

func text(c simclrv2.Config) string {
	var b bytes.Buffer
	if err := simclrv2.Schema.Record(&b, c); err != nil {
		return err.Error()
	}
	return b.String()
}
