package jobs

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
)

// cancelTime is how long a job may take to hear that it is cancelled.
const cancelTime = 30 * time.Second

// Wait follows a job to its end. When ctx is done it cancels the job, and still
// waits: its bundles write files.
func Wait(ctx context.Context, client jobpb.JobServiceClient, job string) error {
	following, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	stop := context.AfterFunc(ctx, func() {
		calling, done := context.WithTimeout(following, cancelTime)
		defer done()
		if _, err := client.Cancel(calling, &jobpb.CancelJobRequest{JobId: job}); err != nil {
			end() // nobody will tell
		}
	})
	defer stop()
	stream, err := client.GetMessageStream(following, &jobpb.JobMessagesRequest{JobId: job})
	if err != nil {
		return err
	}
	last := watch(following, end, client, job)
	err = follow(stream)
	if state := last(); err != nil && state == jobpb.JobState_DONE {
		err = nil
	} else if state == jobpb.JobState_CANCELLED {
		err = context.Canceled
	}
	if cause := context.Cause(ctx); cause != nil && err != nil {
		return cause
	}
	return err
}

// pollTime is how often a job's state is asked for, and how long its messages may
// still come once it has ended.
const pollTime = 3 * time.Second

// watch asks for a job's state beside its messages: who comes back to a job of
// Flink's that has just ended hears nothing of it. It calls end once the job has
// ended and was silent since; last ends it and is the job's final state, as far as
// that was seen here.
func watch(ctx context.Context, end func(), client jobpb.JobServiceClient, job string) (last func() jobpb.JobState_Enum) {
	var state atomic.Int32
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for state.Load() == 0 {
			select {
			case <-stop:
				return
			case <-time.After(pollTime):
			}
			if answer, err := client.GetState(ctx, &jobpb.GetJobStateRequest{JobId: job}); err == nil && final(answer.GetState()) {
				state.Store(int32(answer.GetState()))
			}
		}
		select {
		case <-stop:
		case <-time.After(pollTime):
			end()
		}
	}()
	return func() jobpb.JobState_Enum {
		close(stop)
		<-stopped
		return jobpb.JobState_Enum(state.Load())
	}
}

func final(s jobpb.JobState_Enum) bool {
	switch s {
	case jobpb.JobState_DONE, jobpb.JobState_FAILED, jobpb.JobState_CANCELLED, jobpb.JobState_STOPPED, jobpb.JobState_DRAINED, jobpb.JobState_UPDATED:
		return true
	}
	return false
}

// follow reads a job's states and messages until it ended. What it failed of
// comes before the state that says so, or after.
func follow(stream jobpb.JobService_GetMessageStreamClient) error {
	var failed bool
	var last error
	for {
		message, err := stream.Recv()
		switch {
		case err != nil && failed && last == nil:
			return errors.New("the job failed without saying why")
		case err != nil && failed:
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

// Ended tells whether a job has come to its end, or is not known any more.
func Ended(ctx context.Context, client jobpb.JobServiceClient, job string) (bool, error) {
	answer, err := client.GetState(ctx, &jobpb.GetJobStateRequest{JobId: job})
	switch status.Code(err) {
	case codes.OK:
	case codes.NotFound, codes.InvalidArgument:
		return true, nil
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled:
		return false, err
	default: // Flink's says INTERNAL of a job that it does not know
		return true, nil
	}
	return final(answer.GetState()), nil
}
