package dataflow

import (
	"context"
	"sync"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/graphx"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/harness"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/util/hooks"
	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/extworker"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/runnerlib"
	df "google.golang.org/api/dataflow/v1b3"

	"github.com/retort-ml/retort/runners/internal/jobs"
	"github.com/retort-ml/retort/runners/internal/quiet"
)

// Fake is the fake for tests that see the package from outside.
type Fake struct{ *fake }

// BuildXLA is how users are told to build a program for accelerators.
const BuildXLA = buildXLA

// Secret is in its credentials.
const Secret = secret

// NewFake starts one that does what jobs say, on Prism in this process.
func NewFake(t *testing.T) Fake {
	f := newFake(t)
	f.run = onPrism
	return Fake{f}
}

func (f Fake) Runner() Runner            { return f.runner() }
func (f Fake) Bucket(name string) string { return f.bucket(name) }
func (f Fake) Jobs() []*df.Job           { return f.jobs }
func (f Fake) Pipeline(job *df.Job) *pipepb.Pipeline {
	return f.pipeline(job)
}

// HintsOf are the resource hints of a pipeline.
func HintsOf(t *testing.T, p *pipepb.Pipeline) map[string]string { return hintsOf(t, p) }

var local = sync.OnceValues(func() (jobpb.JobServiceClient, error) {
	ctx := quiet.Beam(context.Background())
	hooks.DisableHook(harness.DefaultRemoteLoggingHook)
	return prism.CreateJobServer(ctx, prism.Options{})
})

// onPrism runs a pipeline that was meant for Dataflow, with workers in this process.
func onPrism(ctx context.Context, p *pipepb.Pipeline) error {
	ctx = quiet.Beam(ctx)
	client, err := local()
	if err != nil {
		return err
	}
	workers, err := extworker.StartLoopback(quiet.Beam(context.Background()), 0)
	if err != nil {
		return err
	}
	here, err := graphx.CreateEnvironment(ctx, graphx.URNEnvExternal, workers.EnvironmentConfig)
	if err != nil {
		return err
	}
	for _, env := range p.Components.Environments {
		env.Urn, env.Payload, env.Dependencies = here.Urn, here.Payload, nil
	}
	id, _, token, err := runnerlib.Prepare(ctx, client, p, &runnerlib.JobOptions{Name: "fake", Loopback: true, Parallelism: 2})
	if err != nil {
		return err
	}
	job, err := runnerlib.Submit(ctx, client, id, token)
	if err != nil {
		return err
	}
	return jobs.Wait(ctx, client, job)
}
