// Package portable runs stages on any runner behind a Beam job service: Flink,
// Spark, a Prism of its own. The launcher hands over one job a stage, follows its
// messages to the end and cancels it when it is asked to stop. What the workers
// run is this very program, which is launcher, worker and boot in one
// (runners/program).
//
// A job goes on without its launcher, and commits its artifact itself: the next
// run of the same command finds it (pipelines.Detached).
package portable

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/exec/optimized" // typed calls instead of reflection
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/harness"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/util/hooks"
	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/util/grpcx"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/retort-ml/retort/runners/internal/jobs"
	"github.com/retort-ml/retort/runners/internal/quiet"
)

// Runner is a runner behind a job service.
type Runner struct {
	Service     string // what it is called: flink, spark, portable
	Endpoint    string // of the job service, HOST:PORT
	Environment string // how it starts workers, one of Environments; "" is LOOPBACK
	Config      string // of the environment, see Check
	Parallelism int    // workers at once; 0: as the runner likes
	Program     string // that PROCESS starts and DOCKER is sent; "" is this one
}

// Name is that of the service.
func (r Runner) Name() string { return r.Service }

// Run runs p to its end. When ctx is done it cancels the job.
func (r Runner) Run(ctx context.Context, p *beam.Pipeline) error {
	job, err := r.Start(ctx, p)
	if err != nil {
		return err
	}
	return r.Follow(ctx, job)
}

// Start hands p over. The job's name holds the endpoint: HOST:PORT/ID.
func (r Runner) Start(ctx context.Context, p *beam.Pipeline) (job string, err error) {
	if err := r.Check(); err != nil {
		return "", err
	}
	ctx = quiet.Beam(ctx)
	s := jobs.Service{Loopback: r.InProcess(), Parallelism: r.Parallelism}
	if s.Environment, err = r.environment(ctx); err != nil {
		return "", err
	}
	if r.Environment == Docker {
		if s.Binary, err = r.program(); err != nil {
			return "", err
		}
	}
	if s.Client, err = dial(ctx, r.Endpoint); err != nil {
		return "", err
	}
	id, err := s.Submit(ctx, p)
	if err != nil {
		return "", fmt.Errorf("the job server at %s did not take the job: %w", r.Endpoint, err)
	}
	return r.Endpoint + "/" + id, nil
}

// InProcess reports whether jobs need this process, as their worker.
func (r Runner) InProcess() bool { return r.Environment == "" || r.Environment == Loopback }

// Follow waits for the end of a job. When ctx is done it cancels the job, and
// still waits. The job may be of another process, at another endpoint.
func (Runner) Follow(ctx context.Context, job string) error {
	endpoint, id, _ := strings.Cut(job, "/")
	asking := quiet.Beam(context.WithoutCancel(ctx))
	client, err := dial(asking, endpoint)
	if err != nil {
		return err
	}
	return jobs.Wait(quiet.Beam(ctx), client, id)
}

// Running reports whether a job is still at work. It is an error where the
// endpoint does not answer.
func (Runner) Running(ctx context.Context, job string) (bool, error) {
	endpoint, id, _ := strings.Cut(job, "/")
	ctx, done := context.WithTimeout(quiet.Beam(context.WithoutCancel(ctx)), dialTime)
	defer done()
	client, err := dial(ctx, endpoint)
	if err != nil {
		return false, err
	}
	ended, err := jobs.Ended(ctx, client, id)
	return !ended, err
}

const dialTime = 20 * time.Second

// clients are the connections of this process, by endpoint.
var clients = struct {
	sync.Mutex
	by map[string]*grpc.ClientConn
}{by: map[string]*grpc.ClientConn{}}

func dial(ctx context.Context, endpoint string) (jobpb.JobServiceClient, error) {
	clients.Lock()
	defer clients.Unlock()
	c := clients.by[endpoint]
	if c == nil {
		var err error
		if c, err = grpc.NewClient(endpoint, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage))); err != nil {
			return nil, fmt.Errorf("--endpoint %s: %w", endpoint, err)
		}
		clients.by[endpoint] = c
	}
	ctx, done := context.WithTimeout(ctx, dialTime)
	defer done()
	client := jobpb.NewJobServiceClient(c)
	if _, err := client.GetJobs(ctx, &jobpb.GetJobsRequest{}, grpc.WaitForReady(true)); errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil, fmt.Errorf("no job server answers at %s (%w; is it started, and is this its job port?)", endpoint, err)
	}
	return client, context.Cause(ctx)
}

const maxMessage = 64 << 20 // messages of jobs hold stacks

// loopback starts workers in this process, for all jobs of it.
var loopback = sync.OnceValues(func() (*workers, error) {
	hooks.DisableHook(harness.DefaultRemoteLoggingHook) // workers in this process log as it does
	return listen("localhost:0", inProcess)
})

// inProcess runs a worker here until its runner goes.
func inProcess(ctx context.Context, w Worker) {
	_ = harness.MainWithOptions(grpcx.WriteWorkerID(quiet.Beam(ctx), w.ID), w.Logging, w.Control, harness.Options{})
}
