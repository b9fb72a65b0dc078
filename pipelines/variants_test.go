package pipelines

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// counted is a stage whose config is a number.
type counted struct {
	N    int
	Fast bool `fingerprint:"-"`
}

func (c *counted) Run(_ context.Context, _ Artifact[None], out *Output[Images]) error {
	return out.WriteFile("n.txt", []byte{byte(c.N)})
}

// summed reads one by position and one by field; it fails where asked.
type summed struct {
	Other Edge[Images]
	Fail  bool
}

func (s *summed) Run(context.Context, Artifact[Images], *Output[Metrics]) error {
	if s.Fail {
		return errors.New("failed as asked")
	}
	return nil
}

func TestSharedStagesAreOne(t *testing.T) {
	build := func(numbers ...int) *Graph {
		g := New("shared", Root(t.TempDir()), Variants())
		for _, n := range numbers {
			a := Add(g, "a", &counted{N: n, Fast: n > 1})
			b := Add(g, "a", &counted{N: 1})
			Add(g, "sum", &summed{Other: b}, a)
			Add(g, "sum", &summed{Other: Port[Images](b, "part")}, a)
		}
		if err := g.Check(); err != nil {
			t.Fatal(err)
		}
		return g
	}
	g := build(1, 2, 1)
	if n := len(g.Names()); n != 6 {
		t.Errorf("%d stages, want 6: %v", n, g.Names())
	}
	alone := build(2).Names()
	for _, name := range alone {
		if !strings.Contains(strings.Join(g.Names(), " "), name) {
			t.Errorf("%s has another name where there are other variants: %v", name, g.Names())
		}
	}
}
