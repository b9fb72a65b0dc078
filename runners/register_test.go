package runners_test

import (
	"context"
	"slices"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/retort-ml/retort/runners"
	"github.com/retort-ml/retort/runners/direct"
)

// counting is a runner of one's own: the direct one, counted.
type counting struct{ ran *int }

func (counting) Name() string { return "counting" }

func (c counting) Run(ctx context.Context, p *beam.Pipeline) error {
	*c.ran++
	return direct.Runner{}.Run(ctx, p)
}

func TestRegisteredRunnersHaveNames(t *testing.T) {
	before := slices.Clone(runners.Names)
	t.Cleanup(func() { runners.Names = before })
	runners.Register(counting{new(int)})
	r, err := runners.ByName("counting")
	if err != nil || r.Name() != "counting" || !slices.Contains(runners.Names, "counting") {
		t.Fatalf("%v, %v; the names are %v", r, err, runners.Names)
	}
	if _, err := runners.ByName("countign"); err == nil || err.Error() != `unknown runner "countign"; did you mean "counting"?` {
		t.Errorf("a misspelt one: %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a name can be taken twice")
		}
	}()
	runners.Register(counting{new(int)})
}
