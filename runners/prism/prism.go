// Package prism runs stages on Prism, Beam's portable runner inside this
// process: up to eight bundles at once, and the same serialisation of stages
// as on a cluster.
package prism

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/exec/optimized" // typed calls instead of reflection
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/harness"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/util/hooks"
	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/extworker"

	"github.com/retort-ml/retort/runners/internal/jobs"
	"github.com/retort-ml/retort/runners/internal/quiet"
)

// Runner is the Prism runner.
type Runner struct {
	// Program, if set, is started as the worker of every job, a process of its
	// own, as on a cluster; it has to know the stages. Empty: this process.
	Program string
}

// Name is "prism".
func (Runner) Name() string { return "prism" }

// Run runs p to its end, or until ctx is done. It is prism.Execute without what
// that leaves behind in its host: flags of the job service, a temporary file a
// pipeline, a logger whose listener is gone. What Prism itself has to say goes
// to the default logger of log/slog.
func (r Runner) Run(ctx context.Context, p *beam.Pipeline) error {
	ctx = quiet.Beam(ctx)
	here, err := services()
	if err != nil {
		return err
	}
	service := jobs.Service{Client: here.jobs, Loopback: r.Program == ""}
	urn, config := "beam:env:external:v1", here.workers.EnvironmentConfig(ctx)
	if r.Program != "" {
		command, err := json.Marshal(map[string]string{"command": r.Program})
		if err != nil {
			return err
		}
		urn, config = "beam:env:process:v1", string(command)
	}
	if service.Environment, err = jobs.Environment(ctx, urn, config); err != nil {
		return err
	}
	job, err := service.Submit(ctx, p)
	if err != nil {
		return err
	}
	return jobs.Wait(ctx, here.jobs, job)
}

// local is Prism's job service, and that which starts workers for it, both in
// this process and for all its jobs. They last as long as it does: Prism panics
// when it finds the workers of a job gone that was cancelled as it began.
type local struct {
	jobs    jobpb.JobServiceClient
	workers *extworker.Loopback
}

var services = sync.OnceValues(func() (l local, err error) {
	ctx := quiet.Beam(context.Background())
	hooks.DisableHook(harness.DefaultRemoteLoggingHook) // workers in this process log as it does
	if l.workers, err = extworker.StartLoopback(ctx, 0); err != nil {
		return l, err
	}
	l.jobs, err = prism.CreateJobServer(ctx, prism.Options{})
	return l, err
})
