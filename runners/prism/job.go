package prism

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/graphx"
	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/runnerlib"
)

// environment is what the runner of a job starts workers with.
func (l local) environment(ctx context.Context, program string) (*pipepb.Environment, error) {
	if program == "" {
		return graphx.CreateEnvironment(ctx, "beam:env:external:v1", l.workers.EnvironmentConfig)
	}
	command, err := json.Marshal(map[string]string{"command": program})
	if err != nil {
		return nil, err
	}
	return graphx.CreateEnvironment(ctx, "beam:env:process:v1", func(context.Context) string { return string(command) })
}

var jobs atomic.Int64

// staging: Prism keeps what jobs stage in a map that nothing guards.
var staging sync.Mutex

// submit starts a job and returns its id.
func (l local) submit(ctx context.Context, p *beam.Pipeline, worker string) (string, error) {
	pipeline, err := l.marshal(ctx, p, worker)
	if err != nil {
		return "", err
	}
	program, err := os.CreateTemp("", "retort-prism-") // stands for the program of the workers, which is this one
	if err != nil {
		return "", err
	}
	defer os.Remove(program.Name())
	defer program.Close()
	if err := runnerlib.UpdateGoEnvironmentWorker(program.Name(), pipeline); err != nil {
		return "", err
	}
	staging.Lock()
	defer staging.Unlock()
	name := fmt.Sprintf("retort-%d-%d", os.Getpid(), jobs.Add(1))
	id, endpoint, token, err := runnerlib.Prepare(ctx, l.jobs, pipeline, &runnerlib.JobOptions{Name: name, Loopback: worker == "", Parallelism: -1})
	if err != nil {
		return "", err
	}
	if token, err = runnerlib.Stage(ctx, id, endpoint, program.Name(), token); err != nil {
		return "", err
	}
	return runnerlib.Submit(ctx, l.jobs, id, token)
}

func (l local) marshal(ctx context.Context, p *beam.Pipeline, worker string) (*pipepb.Pipeline, error) {
	edges, _, err := p.Build()
	if err != nil {
		return nil, err
	}
	environment, err := l.environment(ctx, worker)
	if err != nil {
		return nil, err
	}
	return graphx.Marshal(edges, &graphx.Options{Environment: environment})
}

// cancelTime is how long a job may take to hear that it is cancelled.
const cancelTime = 30 * time.Second

// wait follows a job to its end. When ctx is done it cancels the job, and still
// waits: its bundles write files.
func (l local) wait(ctx context.Context, job string) error {
	following, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	stop := context.AfterFunc(ctx, func() {
		calling, done := context.WithTimeout(following, cancelTime)
		defer done()
		if _, err := l.jobs.Cancel(calling, &jobpb.CancelJobRequest{JobId: job}); err != nil {
			end() // nobody will tell
		}
	})
	defer stop()
	stream, err := l.jobs.GetMessageStream(following, &jobpb.JobMessagesRequest{JobId: job})
	if err != nil {
		return err
	}
	err = follow(stream)
	if cause := context.Cause(ctx); cause != nil && err != nil {
		return cause
	}
	return err
}

// follow reads a job's states and messages until it ended. What it failed of
// comes after the state that says so.
func follow(stream jobpb.JobService_GetMessageStreamClient) error {
	failed, last := false, errors.New("the job failed without saying why")
	for {
		message, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF) && failed:
			return last
		case errors.Is(err, io.EOF):
			return errors.New("the job's messages ended before the job did")
		case err != nil:
			return err
		}
		if m := message.GetMessageResponse(); m.GetImportance() >= jobpb.JobMessage_JOB_MESSAGE_ERROR {
			if last = errors.New(m.GetMessageText()); failed {
				return last
			}
		}
		switch message.GetStateResponse().GetState() {
		case jobpb.JobState_DONE:
			return nil
		case jobpb.JobState_CANCELLED:
			return context.Canceled
		case jobpb.JobState_FAILED:
			failed = true
		}
	}
}
