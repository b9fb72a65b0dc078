package split

import (
	"context"

	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/inspect"
)

// mostCompared bounds what looking for pictures of the test set among the
// training images costs: seconds. The images looked at are a random choice.
const mostCompared = 20_000

// warn notes what is almost certainly a mistake, before anything is trained.
func (p *partition) warn(ctx context.Context, out *pipelines.Output[pipelines.Images]) error {
	facts := inspect.Facts{Classes: map[string]int64{}}
	for c, name := range p.classes {
		if p.Size[c] > 0 {
			facts.Classes[name] = int64(p.Size[c])
		}
	}
	for _, w := range facts.Warnings() {
		out.Note("warning: %s", w)
	}
	if p.stage.Test.IsZero() {
		return nil
	}
	c, err := inspect.Compare(ctx, pipelines.References(p.in), p.testReferences(), mostCompared, 0)
	if err != nil {
		return err
	}
	if w := inspect.Leak(0, c.Alike, c.Looked, c.Pairs); w != "" {
		out.Note("warning: %s", w)
	}
	return nil
}
