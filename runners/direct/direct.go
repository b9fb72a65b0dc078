// Package direct runs stages on Beam's direct runner: in this process, one
// element after the other. The stages spread each element over all cores.
package direct

import (
	"context"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/exec/optimized" // typed calls instead of reflection
	//lint:ignore SA1019 it starts at once and needs no port; --runner prism is beside it (docs/adr/0001-beam.md)
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/direct"

	"github.com/retort-ml/retort/runners/internal/quiet"
)

// Runner is the direct runner.
type Runner struct{}

// Name is "direct".
func (Runner) Name() string { return "direct" }

// Run runs p to its end, or until ctx is done.
func (Runner) Run(ctx context.Context, p *beam.Pipeline) error {
	_, err := direct.Execute(quiet.Beam(ctx), p)
	return err
}
