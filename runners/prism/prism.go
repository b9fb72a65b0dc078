// Package prism runs stages on Prism, Beam's portable runner inside this
// process: up to eight bundles at once, and the same serialisation of stages
// as on a cluster.
package prism

import (
	"context"
	"os"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/exec/optimized" // typed calls instead of reflection
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"

	"github.com/retort-ml/retort/runners/internal/quiet"
)

// Runner is the Prism runner.
type Runner struct{}

// Name is "prism".
func (Runner) Name() string { return "prism" }

// Run runs p to its end, or until ctx is done.
func (Runner) Run(ctx context.Context, p *beam.Pipeline) error {
	quiet.Beam()
	clean, err := ownTemp()
	if err != nil {
		return err
	}
	defer clean()
	ended := make(chan error, 1)
	go func() {
		_, err := prism.Execute(ctx, p)
		ended <- err
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done(): // the job's bundles see the same context and stop
		return <-ended
	}
}

// ownTemp gives this process a folder of its own for temporary files: the SDK
// leaves an empty one behind for every pipeline. clean removes it.
func ownTemp() (clean func(), err error) {
	dir, err := os.MkdirTemp("", "retort-prism-")
	if err != nil {
		return nil, err
	}
	before, was := os.LookupEnv("TMPDIR")
	if err := os.Setenv("TMPDIR", dir); err != nil {
		return nil, err
	}
	return func() {
		if os.Unsetenv("TMPDIR"); was {
			os.Setenv("TMPDIR", before)
		}
		os.RemoveAll(dir)
	}, nil
}
