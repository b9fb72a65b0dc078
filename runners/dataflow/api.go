package dataflow

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	df "google.golang.org/api/dataflow/v1b3"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"
)

// api is Dataflow's REST API for the jobs of a place.
type api struct {
	place
	jobs *df.ProjectsLocationsJobsService
}

// dial finds the machine's default credentials; nothing is sent yet.
func (p place) dial(ctx context.Context) (*api, error) {
	c, err := google.FindDefaultCredentials(ctx, df.CloudPlatformScope)
	if err != nil { // its text names files and may quote them
		return nil, errors.New("no credentials of Google Cloud found; log in (gcloud auth application-default login), or name a key file in GOOGLE_APPLICATION_CREDENTIALS")
	}
	client := &http.Client{Transport: &oauth2.Transport{Source: c.TokenSource}, Timeout: callTime}
	options := []option.ClientOption{option.WithHTTPClient(client)}
	if p.endpoint != "" {
		options = append(options, option.WithEndpoint(strings.TrimRight(p.endpoint, "/")+"/"))
	}
	s, err := df.NewService(ctx, options...)
	if err != nil {
		return nil, err
	}
	return &api{p, s.Projects.Locations.Jobs}, nil
}

func (r Runner) dial(ctx context.Context) (*api, error) { return r.place().dial(ctx) }

const (
	callTime = time.Minute // of one call
	tries    = 6
	longest  = 20 * time.Second // between two of them
)

// pollTime is how often a job's state is asked for; firstPause how long to wait
// after a call that failed. Tests are less patient.
var (
	pollTime   = 10 * time.Second
	firstPause = time.Second
)

// again makes a call until it succeeds or fails for good.
func again[T any](ctx context.Context, call func() (T, error)) (T, error) {
	for i := 0; ; i++ {
		answer, err := call()
		if err == nil || i+1 == tries || !passing(err) {
			return answer, err
		}
		most := min(firstPause<<i, longest)
		select {
		case <-time.After(most/2 + rand.N(most/2+1)):
		case <-ctx.Done():
			return answer, context.Cause(ctx)
		}
	}
}

// create starts a job. Sent again, after an answer was lost, it is the same job. A call
// is not given up when ctx is done: its job would go on, and nobody know of it.
func (a *api) create(ctx context.Context, job *df.Job) (*df.Job, error) {
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	created, err := again(ctx, func() (*df.Job, error) {
		return a.jobs.Create(a.project, a.region, job).Context(context.WithoutCancel(ctx)).Do()
	})
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, a.problem("start job "+job.Name, "dataflow.jobs.create, as in roles/dataflow.developer", err)
	}
	return created, nil
}

// errNoJob says that there is no such job, or no more.
var errNoJob = errors.New("there is no such job")

// state is that of a job: one of the API's JOB_STATE_….
func (a *api) state(ctx context.Context, id string) (string, error) {
	job, err := again(ctx, func() (*df.Job, error) { return a.jobs.Get(a.project, a.region, id).Context(ctx).Do() })
	if err != nil {
		return "", a.problem("look at job "+id, "dataflow.jobs.get, as in roles/dataflow.viewer", err)
	}
	return job.CurrentState, nil
}

// cancel asks for a job's end.
func (a *api) cancel(ctx context.Context, id string) error {
	_, err := again(ctx, func() (*df.Job, error) {
		return a.jobs.Update(a.project, a.region, id, &df.Job{RequestedState: "JOB_STATE_CANCELLED"}).Context(ctx).Do()
	})
	return a.problem("cancel job "+id, "dataflow.jobs.cancel, as in roles/dataflow.developer", err)
}

// ended reports whether a job in that state does nothing more.
func ended(state string) bool {
	return slices.Contains([]string{"JOB_STATE_DONE", "JOB_STATE_FAILED", "JOB_STATE_CANCELLED", "JOB_STATE_UPDATED", "JOB_STATE_DRAINED"}, state)
}

// follow waits for a job's end, and cancels it when ctx is done.
func (a *api) follow(ctx context.Context, id string) error {
	alive := context.WithoutCancel(ctx)
	done := ctx.Done()
	for {
		select {
		case <-done:
			done = nil // once
			if err := a.cancel(alive, id); err != nil {
				return errors.Join(context.Cause(ctx), err)
			}
		case <-time.After(pollTime):
		}
		state, err := a.state(alive, id)
		if err != nil {
			return err
		}
		switch {
		case !ended(state):
			continue
		case state == "JOB_STATE_DONE" || state == "JOB_STATE_DRAINED":
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case state == "JOB_STATE_CANCELLED":
			return fmt.Errorf("job %s was cancelled by somebody else; it is found at %s", id, Runner{}.Link(a.named(id)))
		}
		return a.failed(alive, id, state)
	}
}

// mostMessages of a job are told.
const mostMessages = 5

// failed says what a job failed of: its last messages that are errors.
func (a *api) failed(ctx context.Context, id, state string) error {
	link := Runner{}.Link(a.named(id))
	var texts []string
	token := ""
	for {
		page, err := again(ctx, func() (*df.ListJobMessagesResponse, error) {
			return a.jobs.Messages.List(a.project, a.region, id).MinimumImportance("JOB_MESSAGE_ERROR").PageToken(token).Context(ctx).Do()
		})
		if err != nil {
			return fmt.Errorf("job %s failed, and its messages cannot be read: %w; they are at %s", id, a.problem("read messages", "dataflow.messages.list, as in roles/dataflow.viewer", err), link)
		}
		for _, m := range page.JobMessages {
			if text := strings.TrimSpace(m.MessageText); m.MessageImportance == "JOB_MESSAGE_ERROR" && text != "" && !slices.Contains(texts, text) {
				texts = append(texts, text)
			}
		}
		if token = page.NextPageToken; token == "" {
			break
		}
	}
	texts = texts[max(0, len(texts)-mostMessages):]
	if len(texts) == 0 {
		texts = []string{"it says nothing of why"}
	}
	return fmt.Errorf("job %s failed (%s):\n  %s\n%sits page: %s", id, strings.ToLower(strings.TrimPrefix(state, "JOB_STATE_")), strings.Join(texts, "\n  "), a.mend(strings.Join(texts, "\n")), link)
}

// passing reports whether a call may do better next time.
func passing(err error) bool {
	var answer *googleapi.Error
	if errors.As(err, &answer) {
		return answer.Code == http.StatusTooManyRequests || answer.Code >= 500 && answer.Code != http.StatusNotImplemented
	}
	var refused *oauth2.RetrieveError
	return !errors.As(err, &refused) && !errors.Is(err, context.Canceled)
}
