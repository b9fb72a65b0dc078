// Package dataflow runs stages on Google Cloud Dataflow. The launcher stages this
// very program and the pipeline of a job in a bucket, starts the job by Dataflow's
// REST API, follows its state and messages, and cancels it when it is asked to
// stop. Stages that want the same machines share a job.
//
// A job goes on without its launcher, and commits its artifacts itself: the next
// run of the same command finds it (pipelines.Detached). docs/dataflow.md is for
// its users.
package dataflow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/exec/optimized" // typed calls instead of reflection

	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners/internal/quiet"
)

// Runner is Dataflow, with the settings of its jobs.
type Runner struct {
	Project, Region string
	Staging         string // gs://BUCKET/FOLDER that programs and pipelines are staged in
	Temp            string // gs://BUCKET/FOLDER of Dataflow's own files; "": tmp in Staging
	JobName         string // that jobs' names begin with; "" is retort
	ServiceAccount  string // that workers run as; "": Compute Engine's default
	Network         string // of workers; "": the project's default
	Subnetwork      string // regions/REGION/subnetworks/NAME, or its URL
	PrivateIPs      bool   // workers have no public addresses
	KMSKey          string // encrypts what Dataflow keeps

	Machine     string // type of workers' machines; "": as Dataflow chooses
	DiskGB      int    // of each; 0: as Dataflow chooses
	Workers     int    // to begin with; 0: as Dataflow chooses
	MaxWorkers  int    // at most; 0: as Dataflow chooses
	Autoscaling string // NONE, THROUGHPUT_BASED or ""
	MinRAMGB    int    // hint: memory of each machine
	Image       string // container of workers; "" is Beam's
	Binary      string // that workers run; "" is this program

	// Of the jobs whose stages want an accelerator; where Accelerator is empty, they
	// are like others.
	Accelerator        string // "type=nvidia-l4,count=1"
	AcceleratorOption  bool   // ask by a service option, not by a resource hint
	AcceleratorWorkers int    // at most, where a stage's work can be shared; 0 is 1
	AcceleratorMachine string // "" is Machine
	AcceleratorImage   string // with CUDA and the plugin for it
	AcceleratorBinary  string // "" is Binary

	Labels         map[string]string
	ServiceOptions []string
	Experiments    []string
	Endpoint       string // of the API; "" is Google's
	DryRun         bool   // show jobs, start none
}

// Name is "dataflow".
func (Runner) Name() string { return "dataflow" }

// InProcess is false: jobs need this process for nothing.
func (Runner) InProcess() bool { return false }

// Run runs p to its end, on machines for a stage that wants nothing.
func (r Runner) Run(ctx context.Context, p *beam.Pipeline) error {
	job, err := r.Start(ctx, p)
	if err != nil {
		return err
	}
	return r.Follow(ctx, job)
}

// Start starts a job that wants nothing.
func (r Runner) Start(ctx context.Context, p *beam.Pipeline) (string, error) {
	return r.StartJob(ctx, p, pipelines.JobPlan{Sharded: true})
}

// StartJob stages what a job needs and starts it. Its name is PROJECT/REGION/ID.
func (r Runner) StartJob(ctx context.Context, p *beam.Pipeline, plan pipelines.JobPlan) (string, error) {
	if r.DryRun {
		return "", errors.New("--dry-run: jobs are shown, and none is started")
	}
	if err := r.Check(); err != nil {
		return "", err
	}
	ctx = quiet.Beam(ctx)
	j, err := r.prepare(ctx, p, plan)
	if err != nil {
		return "", err
	}
	if err := j.stage(ctx); err != nil {
		return "", err
	}
	api, err := r.dial(ctx)
	if err != nil {
		return "", err
	}
	created, err := api.create(ctx, j.job)
	if err != nil {
		return "", err
	}
	return r.place().named(created.Id), nil
}

// Show writes the job that StartJob would start, as JSON, and sends nothing.
func (r Runner) Show(ctx context.Context, w io.Writer, p *beam.Pipeline, plan pipelines.JobPlan) error {
	j, err := r.prepare(quiet.Beam(ctx), p, plan)
	if err != nil {
		return err
	}
	return j.show(w)
}

// Dry reports whether jobs are to be shown, and none started.
func (r Runner) Dry() bool { return r.DryRun }

// place is where jobs are.
type place struct{ project, region, endpoint string }

func (r Runner) place() place { return place{r.Project, r.Region, r.Endpoint} }

// named is the name by which any process finds a job: PROJECT/REGION/ID, and
// behind an @ the API's address where it is not Google's.
func (p place) named(id string) string {
	name := p.project + "/" + p.region + "/" + id
	if p.endpoint != "" {
		name += "@" + p.endpoint
	}
	return name
}

// parse takes apart what named made.
func parse(job string) (p place, id string, err error) {
	name, endpoint, _ := strings.Cut(job, "@")
	parts := strings.Split(name, "/")
	if len(parts) != 3 || parts[2] == "" {
		return p, "", fmt.Errorf("%q is not a job of Dataflow; want PROJECT/REGION/ID", job)
	}
	return place{parts[0], parts[1], endpoint}, parts[2], nil
}

// Link is the job's page in Google's console.
func (Runner) Link(job string) string {
	p, id, err := parse(job)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("https://console.cloud.google.com/dataflow/jobs/%s/%s?project=%s", p.region, id, p.project)
}

// Running reports whether a job is still at work. It is an error where nobody
// tells.
func (Runner) Running(ctx context.Context, job string) (bool, error) {
	p, id, err := parse(job)
	if err != nil {
		return false, err
	}
	api, err := p.dial(ctx)
	if err != nil {
		return false, err
	}
	state, err := api.state(ctx, id)
	if errors.Is(err, errNoJob) {
		return false, nil
	}
	return !ended(state), err
}

// Follow waits for the end of a job. When ctx is done it cancels the job, and
// still waits.
func (Runner) Follow(ctx context.Context, job string) error {
	p, id, err := parse(job)
	if err != nil {
		return err
	}
	api, err := p.dial(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	return api.follow(ctx, id)
}
