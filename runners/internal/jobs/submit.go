// Package jobs hands Beam pipelines to a job service and follows what becomes of
// them: that of Prism in this process, and that of any other runner. The SDK's own
// launcher does not cancel a job whose context ends, and keeps its id to itself.
package jobs

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/graphx"
	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/runnerlib"
)

// Service is a job service and how jobs are put to it.
type Service struct {
	Client      jobpb.JobServiceClient
	Environment *pipepb.Environment // what workers are started with
	Loopback    bool                // workers are in this process
	Parallelism int                 // workers at once; 0: as the runner likes
	Binary      string              // program that the runner takes to its workers; "": it is there already
}

var serial atomic.Int64

// staging: Prism keeps what jobs stage in a map that nothing guards.
var staging sync.Mutex

// Submit starts a job and returns its id.
func (s Service) Submit(ctx context.Context, p *beam.Pipeline) (string, error) {
	pipeline, err := s.marshal(p)
	if err != nil {
		return "", err
	}
	binary := s.Binary
	if binary == "" {
		stand, err := os.CreateTemp("", "retort-job-") // for a program that nobody has to fetch
		if err != nil {
			return "", err
		}
		defer os.Remove(stand.Name())
		stand.Close()
		binary = stand.Name()
	}
	if err := runnerlib.UpdateGoEnvironmentWorker(binary, pipeline); err != nil {
		return "", err
	}
	options := &runnerlib.JobOptions{Name: fmt.Sprintf("retort-%d-%d", os.Getpid(), serial.Add(1)), Loopback: s.Loopback, Parallelism: s.Parallelism}
	if options.Parallelism == 0 {
		options.Parallelism = -1 // Flink refuses 0
	}
	staging.Lock()
	defer staging.Unlock()
	id, endpoint, token, err := runnerlib.Prepare(ctx, s.Client, pipeline, options)
	if err != nil {
		return "", err
	}
	if token, err = runnerlib.Stage(ctx, id, endpoint, binary, token); err != nil {
		return "", err
	}
	return runnerlib.Submit(ctx, s.Client, id, token)
}

func (s Service) marshal(p *beam.Pipeline) (*pipepb.Pipeline, error) {
	edges, _, err := p.Build()
	if err != nil {
		return nil, err
	}
	return graphx.Marshal(edges, &graphx.Options{Environment: s.Environment})
}

// Environment is that of a URN with its config: an address, a container image, or
// the JSON of a process.
func Environment(ctx context.Context, urn, config string) (*pipepb.Environment, error) {
	return graphx.CreateEnvironment(ctx, urn, func(context.Context) string { return config })
}
