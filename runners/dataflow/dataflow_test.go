package dataflow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/dataflow/dataflowlib"
	df "google.golang.org/api/dataflow/v1b3"
	"google.golang.org/protobuf/proto"

	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners/internal/quiet"
)

func pipeline() *beam.Pipeline {
	p := beam.NewPipeline()
	beam.Create(p.Root(), "x")
	return p
}

var (
	onGPU = pipelines.JobPlan{Steps: []pipelines.Step{{Name: "pretrain"}}, Wants: pipelines.Wants{Cores: 4, Accelerator: pipelines.Useful}}
	onCPU = pipelines.JobPlan{Steps: []pipelines.Step{{Name: "ingest"}, {Name: "views.x"}}, Wants: pipelines.Wants{Cores: 4, MemoryBytes: 7e9}, Sharded: true}
)

// full is a runner with everything set.
func full(f *fake) Runner {
	r := f.runner()
	r.Temp, r.JobName, r.ServiceAccount = f.bucket("temp"), "shapes", "w@my-project-1.iam.gserviceaccount.com"
	r.Network, r.Subnetwork, r.PrivateIPs = "net", "regions/europe-west4/subnetworks/sub", true
	r.KMSKey = "projects/p/locations/l/keyRings/r/cryptoKeys/k"
	r.Machine, r.DiskGB, r.Workers, r.MaxWorkers, r.Autoscaling = "n2-standard-8", 100, 3, 20, "THROUGHPUT_BASED"
	r.Labels = map[string]string{"team": "vision", "run": "7"}
	r.Accelerator, r.AcceleratorMachine, r.AcceleratorImage = "type=nvidia-l4,count=2", "g2-standard-24", "europe-docker.pkg.dev/p/r/retort-cuda:1"
	r.AcceleratorBinary = program(f.t, false)
	r.ServiceOptions, r.Experiments = []string{"enable_google_cloud_profiler"}, []string{"shuffle_mode=auto"}
	return r
}

func submit(t *testing.T, f *fake, r Runner, plan pipelines.JobPlan) (*df.Job, *pipepb.Pipeline) {
	t.Helper()
	if err := r.Check(); err != nil {
		t.Fatal(err)
	}
	name, err := r.StartJob(t.Context(), pipeline(), plan)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Follow(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	if at, err := (Runner{}).Running(t.Context(), name); at || err != nil {
		t.Errorf("running after its end: %v, %v", at, err)
	}
	if want := "https://console.cloud.google.com/dataflow/jobs/europe-west4/2026-01-01_00_00_00-1?project=my-project-1"; len(f.jobs) == 1 && r.Link(name) != want {
		t.Errorf("link %s; want %s", r.Link(name), want)
	}
	job := f.jobs[len(f.jobs)-1]
	return job, f.pipeline(job)
}

// hintsOf are the resource hints of a pipeline's environment.
func hintsOf(t *testing.T, p *pipepb.Pipeline) map[string]string {
	t.Helper()
	hints := map[string]string{}
	for _, env := range p.Components.Environments {
		for urn, payload := range env.ResourceHints {
			hints[strings.TrimSuffix(strings.TrimPrefix(urn, "beam:resources:"), ":v1")] = string(payload)
		}
	}
	return hints
}

// TestJobIsWhatTheSettingsSay: as the service gets it, and as it finds it staged.
func TestJobIsWhatTheSettingsSay(t *testing.T) {
	f := newFake(t)
	r := full(f)
	job, p := submit(t, f, r, onCPU)
	env, pool := job.Environment, job.Environment.WorkerPools[0]
	sum, _ := sumOf(r.Binary)
	for _, x := range []struct {
		name      string
		got, want any
	}{
		{"project", job.ProjectId, "my-project-1"},
		{"labels", job.Labels, r.Labels},
		{"request", job.ClientRequestId, job.Name},
		{"account", env.ServiceAccountEmail, r.ServiceAccount},
		{"key", env.ServiceKmsKeyName, r.KMSKey},
		{"temp", env.TempStoragePrefix, r.Temp},
		{"service options", env.ServiceOptions, r.ServiceOptions},
		{"experiment", slices.Contains(env.Experiments, "shuffle_mode=auto"), true},
		{"runner v2", slices.Contains(env.Experiments, "use_runner_v2"), true},
		{"machine", pool.MachineType, "n2-standard-8"},
		{"disk", pool.DiskSizeGb, int64(100)},
		{"workers", pool.NumWorkers, int64(3)},
		{"most", pool.AutoscalingSettings.MaxNumWorkers, int64(20)},
		{"algorithm", pool.AutoscalingSettings.Algorithm, "AUTOSCALING_ALGORITHM_BASIC"},
		{"network", pool.Network + " " + pool.Subnetwork, "net regions/europe-west4/subnetworks/sub"},
		{"addresses", pool.IpConfiguration, "WORKER_IP_PRIVATE"},
		{"image", pool.WorkerHarnessContainerImage, "gcr.io/cloud-dataflow/v1beta3/beam_go_sdk:2.77.0"},
		{"package", *pool.Packages[0], df.Package{Name: "worker", Location: f.bucket("staging") + "/worker-" + sum, Sha256: sum}},
		{"staged program", hashOf(f.object(pool.Packages[0].Location)), sum},
		{"region", f.options(job).Options.Region, "europe-west4"},
		{"hints", hintsOf(t, p), map[string]string{"min_ram_bytes": "7000000000"}},
	} {
		if !reflect.DeepEqual(x.got, x.want) {
			t.Errorf("%s is %v; want %v", x.name, x.got, x.want)
		}
	}
	if !strings.HasPrefix(job.Name, "shapes-ingest-views-x-") {
		t.Errorf("name %s", job.Name)
	}
	dep := p.Components.Environments["go"].Dependencies[0]
	var at pipepb.ArtifactUrlPayload
	if err := proto.Unmarshal(dep.TypePayload, &at); err != nil || at.Sha256 != sum || at.Url != pool.Packages[0].Location {
		t.Errorf("the pipeline's program is %v, %v", &at, err)
	}
}

// TestOnlyStagesThatWantOneGetAnAccelerator, and a machine, a container and a
// program for it.
func TestOnlyStagesThatWantOneGetAnAccelerator(t *testing.T) {
	f := newFake(t)
	r := full(f)
	job, p := submit(t, f, r, onGPU)
	pool := job.Environment.WorkerPools[0]
	sum, _ := sumOf(r.AcceleratorBinary)
	if hints := hintsOf(t, p); hints["accelerator"] != "type:nvidia-l4;count:2;install-nvidia-driver:5xx" || pool.MachineType != "g2-standard-24" || pool.WorkerHarnessContainerImage != r.AcceleratorImage || pool.Packages[0].Sha256 != sum {
		t.Errorf("hints %v, pool %+v", hints, pool)
	}
	if pool.NumWorkers != 1 || pool.AutoscalingSettings.MaxNumWorkers != 1 {
		t.Errorf("%d to %d workers for work that one does", pool.NumWorkers, pool.AutoscalingSettings.MaxNumWorkers)
	}
	if _, p = submit(t, f, r, onCPU); hintsOf(t, p)["accelerator"] != "" {
		t.Error("an accelerator for who wants none")
	}
	shared := onGPU
	shared.Sharded = true
	for most, want := range map[int][2]int64{0: {1, 1}, 2: {2, 2}, 9: {3, 9}} {
		r.AcceleratorWorkers = most
		job, _ := submit(t, f, r, shared)
		if pool := job.Environment.WorkerPools[0]; pool.NumWorkers != want[0] || pool.AutoscalingSettings.MaxNumWorkers != want[1] {
			t.Errorf("at most %d with accelerators: %d to %d", most, pool.NumWorkers, pool.AutoscalingSettings.MaxNumWorkers)
		}
	}
	r.AcceleratorOption = true
	job, p = submit(t, f, r, onGPU)
	if options := job.Environment.ServiceOptions; options[len(options)-1] != "worker_accelerator=type:nvidia-l4;count:2;install-nvidia-driver:5xx" || len(hintsOf(t, p)) != 0 {
		t.Errorf("by option: %v, hints %v", options, hintsOf(t, p))
	}
	r = f.runner() // a stage that does without
	if job, p = submit(t, f, r, onGPU); job.Environment.WorkerPools[0].MachineType != "" || !maps.Equal(hintsOf(t, p), map[string]string{"cpu_count": "4"}) {
		t.Errorf("without: %v", hintsOf(t, p))
	}
}

// TestJobIsTheSDKs: the job is, but for what is our own, the one that the launcher
// of Beam's SDK would send.
func TestJobIsTheSDKs(t *testing.T) {
	f := newFake(t)
	r := full(f)
	r.PrivateIPs = true
	plan := onCPU
	ctx := quiet.Beam(t.Context())
	model, err := r.marshal(ctx, pipeline(), plan)
	if err != nil {
		t.Fatal(err)
	}
	at := stagedAs{"n", "gs://b/model", "ms", "gs://b/worker", "ws"}
	ours, err := r.translate(model, plan, at)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := dataflowlib.Translate(ctx, model, &dataflowlib.JobOptions{
		Name: at.name, Experiments: ours.Environment.Experiments, DataflowServiceOptions: r.ServiceOptions, Options: runtime.RawOptions{Options: map[string]string{}},
		Project: r.Project, Region: r.Region, KmsKey: r.KMSKey, Network: r.Network, Subnetwork: r.Subnetwork, NoUsePublicIPs: r.PrivateIPs,
		NumWorkers: 3, MaxNumWorkers: 20, DiskSizeGb: 100, MachineType: r.Machine, Labels: r.Labels, ServiceAccountEmail: r.ServiceAccount,
		Algorithm: r.Autoscaling, TempLocation: r.Temp, WorkerHash: at.workerSum, ContainerImage: r.image(plan),
	}, at.worker, at.model, at.modelSum)
	if err != nil {
		t.Fatal(err)
	}
	ours.ClientRequestId = ""
	one, other := tree(t, ours), tree(t, theirs)
	for _, job := range []map[string]any{one, other} { // what the console shows is not what the job does
		delete(job["environment"].(map[string]any)["sdkPipelineOptions"].(map[string]any), "display_data")
	}
	if !reflect.DeepEqual(one, other) {
		a, _ := json.MarshalIndent(one, "", " ")
		b, _ := json.MarshalIndent(other, "", " ")
		t.Errorf("ours:\n%s\nthe SDK's:\n%s", a, b)
	}
}

func tree(t *testing.T, v any) (m map[string]any) {
	t.Helper()
	data, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestDryRunSendsNothing, and shows the job.
func TestDryRunSendsNothing(t *testing.T) {
	f := newFake(t)
	var b bytes.Buffer
	r := full(f)
	if err := r.Show(t.Context(), &b, pipeline(), onGPU); err != nil {
		t.Fatal(err)
	}
	var job df.Job
	if err := json.Unmarshal(b.Bytes(), &job); err != nil || job.Environment.WorkerPools[0].MachineType != "g2-standard-24" {
		t.Errorf("%v:\n%s", err, &b)
	}
	if len(f.calls) > 0 {
		t.Errorf("calls: %v", f.calls)
	}
}

// TestJobsAreCancelled when the launcher is asked to stop, and only then.
func TestJobsAreCancelled(t *testing.T) {
	f := newFake(t)
	f.states["2026-01-01_00_00_00-1"] = []string{"JOB_STATE_RUNNING"}
	r := f.runner()
	job, err := r.StartJob(t.Context(), pipeline(), onCPU)
	if err != nil {
		t.Fatal(err)
	}
	if at, err := (Runner{}).Running(t.Context(), job); !at || err != nil {
		t.Errorf("running: %v, %v", at, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(30*time.Millisecond, cancel)
	if err := (Runner{}).Follow(ctx, job); !errors.Is(err, context.Canceled) {
		t.Errorf("followed: %v", err)
	}
	if n := strings.Count(strings.Join(f.calls, ","), "PUT job"); n != 1 {
		t.Errorf("%d times cancelled: %v", n, f.calls)
	}
	if err := (Runner{}).Follow(t.Context(), job); err == nil || !strings.Contains(err.Error(), "cancelled by somebody else") {
		t.Errorf("a job that somebody cancelled: %v", err)
	}
}
