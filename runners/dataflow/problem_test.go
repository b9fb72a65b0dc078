package dataflow

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"

	df "google.golang.org/api/dataflow/v1b3"

	"github.com/retort-ml/retort/pipelines"
)

// TestFailuresOfTheAPI reach the user with what stands against it and what mends it.
func TestFailuresOfTheAPI(t *testing.T) {
	f := newFake(t)
	for _, x := range []struct {
		name, call string
		no         refusal
		want       []string
	}{
		{"permission", "POST jobs", refusal{code: 403, message: "Current user cannot act"}, []string{"cannot start job retort-pretrain-", "403 Current user cannot act; that takes dataflow.jobs.create, as in roles/dataflow.developer, in project my-project-1"}},
		{"quota", "POST jobs", refusal{code: 403, message: "Quota exceeded for quota metric 'Concurrent jobs'"}, []string{"403 Quota exceeded", "https://console.cloud.google.com/iam-admin/quotas?project=my-project-1"}},
		{"not enabled", "POST jobs", refusal{code: 403, message: "Dataflow API has not been used in project 1", reason: "accessNotConfigured"}, []string{"gcloud services enable dataflow.googleapis.com --project my-project-1"}},
		{"no project", "POST jobs", refusal{code: 404, message: "Requested entity was not found."}, []string{"404 Requested entity was not found. (is there a project my-project-1, and a region europe-west4?)"}},
		{"bad", "POST jobs", refusal{code: 400, message: "The machine type x is unknown"}, []string{"400 The machine type x is unknown"}},
		{"same name", "POST jobs", refusal{code: 409, message: "There is one"}, []string{"--job-name"}},
		{"log in", "token", refusal{code: 401, message: secret}, []string{"Google gives no token for the credentials (401 Unauthorized)"}},
		{"down", "POST jobs", refusal{code: 503, message: "The service is unavailable"}, []string{"503 The service is unavailable"}},
	} {
		f.refuse = map[string]refusal{x.call: x.no}
		_, err := f.runner().StartJob(t.Context(), pipeline(), onGPU)
		if err == nil {
			t.Errorf("%s: no error", x.name)
			continue
		}
		for _, want := range x.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v; want %q in it", x.name, err, want)
			}
		}
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%s shows a secret: %v", x.name, err)
		}
	}
}

// TestPassingFailuresAreTriedAgain.
func TestPassingFailuresAreTriedAgain(t *testing.T) {
	f := newFake(t)
	for _, call := range []string{"POST jobs", "GET job"} {
		f.refuse[call] = refusal{code: http.StatusServiceUnavailable, once: "once"}
	}
	submit(t, f, f.runner(), onCPU)
}

// TestStoppedWhileItStarts: the job is known, whenever the launcher is asked to stop.
func TestStoppedWhileItStarts(t *testing.T) {
	f := newFake(t)
	f.refuse["POST jobs"] = refusal{code: 503, message: "not now"}
	ctx, cancel := context.WithCancel(t.Context())
	api, err := f.runner().dial(ctx)
	if err != nil {
		t.Fatal(err)
	}
	f.creating = cancel
	if _, err := api.create(ctx, &df.Job{}); !errors.Is(err, context.Canceled) || len(f.jobs) > 0 {
		t.Errorf("refused: %v, %d jobs", err, len(f.jobs))
	}
	delete(f.refuse, "POST jobs")
	ctx, cancel = context.WithCancel(t.Context())
	f.creating = cancel
	if job, err := api.create(ctx, &df.Job{}); err != nil || job.Id == "" || ctx.Err() == nil {
		t.Errorf("%+v, %v", job, err)
	}
	if _, err := api.create(ctx, &df.Job{}); !errors.Is(err, context.Canceled) || len(f.jobs) != 1 {
		t.Errorf("stopped before: %v, %d jobs", err, len(f.jobs))
	}
}

// TestNoBucket: nothing is started where nothing can be staged.
func TestNoBucket(t *testing.T) {
	f := newFake(t)
	r := f.runner()
	r.Staging = "gs://no-such-bucket/staging"
	_, err := r.StartJob(t.Context(), pipeline(), onCPU)
	if err == nil || !strings.Contains(err.Error(), "gs://no-such-bucket") || !strings.Contains(err.Error(), "no such bucket") || len(f.jobs) > 0 {
		t.Errorf("%v, %d jobs", err, len(f.jobs))
	}
}

// TestJobsThatFail tell what their messages say, and what helps.
func TestJobsThatFail(t *testing.T) {
	f := newFake(t)
	for text, mend := range map[string]string{
		"Workflow failed. Causes: Project my-project-1 has insufficient quota(s): GPUS_ALL_REGIONS":            "that is the project's quota (see what there is, and ask for more, at https://console.cloud.google.com/iam-admin/quotas?project=my-project-1",
		"Startup of the worker pool failed: ZONE_RESOURCE_POOL_EXHAUSTED":                                      "there are no such machines free",
		"Permission iam.serviceAccounts.actAs denied":                                                          "roles/iam.serviceAccountUser",
		"w@my-project-1.iam.gserviceaccount.com does not have storage.objects.get access to the bucket":        "roles/storage.objectAdmin",
		"The job failed because a work item has failed 4 times.\nlabel: shard 3: the images are not to be had": "shard 3",
	} {
		f.messages = []string{text, text}
		r := f.runner()
		job, err := r.StartJob(t.Context(), pipeline(), onCPU)
		if err != nil {
			t.Fatal(err)
		}
		_, id, _ := parse(job)
		f.states[id] = []string{"JOB_STATE_FAILED"}
		err = r.Follow(t.Context(), job)
		if err == nil || strings.Count(err.Error(), text) != 1 || !strings.Contains(err.Error(), mend) || !strings.Contains(err.Error(), r.Link(job)) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if at, err := (Runner{}).Running(t.Context(), "my-project-1/europe-west4/gone@"+f.url); at || err != nil {
		t.Logf("a job of an unknown state counts as running: %v, %v", at, err)
	}
	f.refuse["GET job"] = refusal{code: 404, message: "not found"}
	if at, err := (Runner{}).Running(t.Context(), "my-project-1/europe-west4/gone@"+f.url); at || err != nil {
		t.Errorf("a job that is no more: %v, %v", at, err)
	}
	f.refuse["GET job"] = refusal{code: 403, message: "no"}
	if _, err := (Runner{}).Running(t.Context(), "my-project-1/europe-west4/gone@"+f.url); err == nil || !strings.Contains(err.Error(), "dataflow.jobs.get") {
		t.Errorf("who may not ask: %v", err)
	}
}

// TestCheck: every setting that is wrong is told with what it should be.
func TestCheck(t *testing.T) {
	good := Runner{Project: "my-project-1", Region: "europe-west4", Staging: "gs://bucket/staging"}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(r *Runner){
		"--project is missing":                                 func(r *Runner) { r.Project = "" },
		"--region is missing":                                  func(r *Runner) { r.Region = "" },
		"--staging is missing":                                 func(r *Runner) { r.Staging = "" },
		"--project My Project: want the id":                    func(r *Runner) { r.Project = "My Project" },
		"that is a zone; want its region, europe-west4":        func(r *Runner) { r.Region = "europe-west4-a" },
		"--region Europe: want a region":                       func(r *Runner) { r.Region = "Europe" },
		"--staging s3://b/x: want gs://":                       func(r *Runner) { r.Staging = "s3://b/x" },
		"--staging staging: want gs://":                        func(r *Runner) { r.Staging = "staging" },
		"--temp /tmp: want gs://":                              func(r *Runner) { r.Temp = "/tmp" },
		"--job-name My_Job: want":                              func(r *Runner) { r.JobName = "My_Job" },
		"--service-account me@gmail.com: want":                 func(r *Runner) { r.ServiceAccount = "me@gmail.com" },
		"--network Net: want":                                  func(r *Runner) { r.Network = "Net" },
		"--subnetwork sub: want":                               func(r *Runner) { r.Subnetwork = "sub" },
		"it is in another region than --region europe-west4":   func(r *Runner) { r.Subnetwork = "regions/us-east1/subnetworks/s" },
		"--kms-key k: want":                                    func(r *Runner) { r.KMSKey = "k" },
		"--machine-type big: want":                             func(r *Runner) { r.Machine = "big" },
		"its processors are ARM's":                             func(r *Runner) { r.Machine = "t2a-standard-4" },
		"--disk-gb -1: want 1 to":                              func(r *Runner) { r.DiskGB = -1 },
		"--disk-gb 5: want at least 10":                        func(r *Runner) { r.DiskGB = 5 },
		"--workers -1: want 1 to":                              func(r *Runner) { r.Workers = -1 },
		"they are more than --max-workers 2":                   func(r *Runner) { r.Workers, r.MaxWorkers = 3, 2 },
		"--autoscaling ON: want one of NONE, THROUGHPUT_BASED": func(r *Runner) { r.Autoscaling = "ON" },
		"give --workers":                                       func(r *Runner) { r.Autoscaling = "NONE" },
		"--min-ram-gb -2: want 1 to":                           func(r *Runner) { r.MinRAMGB = -2 },
		"--container-image my image: want":                     func(r *Runner) { r.Image = "my image" },
		"--accelerator t4: want type=NAME,count=N":             func(r *Runner) { r.Accelerator = "t4" },
		"--accelerator type=nvidia-l4,driver=: want":           func(r *Runner) { r.Accelerator = "type=nvidia-l4,driver=" },
		"machines of type n2-standard-8 have none; want one of g2-… as --accelerator-machine-type": func(r *Runner) {
			r.Accelerator, r.AcceleratorImage, r.Machine = "type=nvidia-l4", "h.io/p/i:1", "n2-standard-8"
		},
		"--accelerator-max-workers: there is no accelerator":     func(r *Runner) { r.AcceleratorWorkers = 2 },
		"--accelerator type=x,count=0: want":                     func(r *Runner) { r.Accelerator = "type=x,count=0" },
		"Beam's own container has neither CUDA nor XLA's plugin": func(r *Runner) { r.Accelerator = "type=nvidia-l4,count=1" },
		"--accelerator-image: there is no accelerator":           func(r *Runner) { r.AcceleratorImage = "h.io/p/i:1" },
		"--accelerator-option: there is no accelerator":          func(r *Runner) { r.AcceleratorOption = true },
		"--job-label Team=x: want small letters":                 func(r *Runner) { r.Labels = map[string]string{"Team": "x"} },
		`--experiment "a,b": want one option`:                    func(r *Runner) { r.Experiments = []string{"a,b"} },
		"give it by --accelerator":                               func(r *Runner) { r.ServiceOptions = []string{"worker_accelerator=type:x"} },
		"--dataflow-endpoint http://example.com/: want https://": func(r *Runner) { r.Endpoint = "http://example.com/" },
		"--dataflow-endpoint https://u:xxxxx@example.com/: want": func(r *Runner) { r.Endpoint = "https://u:" + secret + "@example.com/" },
	} {
		r := good
		change(&r)
		if err := r.Check(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%v; want %q in it", err, want)
		}
	}
}

// TestProgramsThatAreNone: what workers run is looked at before it is staged.
func TestProgramsThatAreNone(t *testing.T) {
	text, arm := program(t, true), program(t, true)
	if err := os.WriteFile(text, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(arm)
	if err != nil {
		t.Fatal(err)
	}
	data[18] = 183
	if err := os.WriteFile(arm, data, 0o755); err != nil {
		t.Fatal(err)
	}
	dynamic := program(t, false)
	for path, want := range map[string]string{
		text:     "it is no program for Linux (build one with: CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build",
		arm:      "it is no program for amd64 (EM_AARCH64)",
		dynamic:  "it is not static",
		"absent": "no such file",
	} {
		r := Runner{Binary: path}
		if _, _, err := r.program(onCPU); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "--worker-binary") {
			t.Errorf("%s: %v; want %q", path, err, want)
		}
	}
	r := Runner{Binary: program(t, true), Accelerator: "type=x", AcceleratorImage: "h.io/p/i:1", AcceleratorBinary: dynamic}
	if path, _, err := r.program(onGPU); err != nil || path != dynamic {
		t.Errorf("on a GPU: %s, %v", path, err)
	}
	if path, _, err := r.program(pipelines.JobPlan{}); err != nil || path != r.Binary {
		t.Errorf("elsewhere: %s, %v", path, err)
	}
}
