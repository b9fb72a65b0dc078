package dataflow

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/core"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/graphx"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	df "google.golang.org/api/dataflow/v1b3"
	"google.golang.org/api/googleapi"
	"google.golang.org/protobuf/proto"

	"github.com/retort-ml/retort/pipelines"
)

// stagedAs is where a job's pipeline and program lie.
type stagedAs struct{ name, model, modelSum, worker, workerSum string }

// experiments are those without which Dataflow takes no pipeline of the Go SDK.
var experiments = []string{"beam_fn_api", "use_runner_v2", "use_unified_worker", "use_portable_job_submission"}

// translate makes the API's job. It says what dataflowlib.Translate of the SDK says
// (a test compares them), without the flags and hooks that come with that. The
// pipeline itself is not in it: Dataflow reads it where pipelineUrl says.
func (r Runner) translate(p *pipepb.Pipeline, plan pipelines.JobPlan, at stagedAs) (*df.Job, error) {
	images, err := containers(p)
	if err != nil {
		return nil, err
	}
	all := slices.Clone(r.Experiments)
	for _, e := range experiments {
		if !slices.Contains(all, e) {
			all = append(all, e)
		}
	}
	options := slices.Clone(r.ServiceOptions)
	if g, _ := r.accelerator(); r.onGPU(plan) && r.AcceleratorOption {
		options = append(options, "worker_accelerator="+g.hint())
	}
	temp := cmp.Or(r.Temp, under(r.Staging, "tmp"))
	described := []display{{"name", at.name, "options"}, {"experiments", strings.Join(all, ","), "options"}, {"project", r.Project, "options"},
		{"region", r.Region, "options"}, {"network", r.Network, "options"}, {"subnetwork", r.Subnetwork, "options"},
		{"machine_type", r.machine(plan), "options"}, {"container_images", r.image(plan), "options"}, {"temp_location", temp, "options"},
		{"stages", strings.Join(plan.Names(), ","), "retort"}}
	return &df.Job{
		ProjectId: r.Project, Name: at.name, Type: "JOB_TYPE_BATCH", ClientRequestId: at.name,
		Labels: r.Labels, Steps: []*df.Step{},
		Environment: &df.Environment{
			ServiceAccountEmail: r.ServiceAccount, ServiceKmsKeyName: r.KMSKey, ServiceOptions: options, Experiments: all, TempStoragePrefix: temp,
			DebugOptions: &df.DebugOptions{},
			UserAgent:    raw(map[string]string{"name": core.SdkName, "version": core.SdkVersion}),
			Version:      raw(map[string]string{"job_type": "FNAPI_BATCH", "major": "6"}),
			SdkPipelineOptions: raw(map[string]any{
				"display_data": shownAs(described),
				"options": map[string]any{"pipelineUrl": at.model, "pipelineProtoHash": at.modelSum, "region": r.Region, "experiments": all, "tempLocation": temp,
					"diskProvisionedIops": 0, "diskProvisionedThroughputMibps": 0},
				"beam:option:go_options:v1": map[string]any{"options": map[string]string{"experiments": strings.Join(all, ",")}},
			}),
			WorkerPools: []*df.WorkerPool{r.pool(plan, at, images)},
		},
	}, nil
}

// pool is the machines of a job. A job whose work cannot be shared has one.
func (r Runner) pool(plan pipelines.JobPlan, at stagedAs, images []*df.SdkHarnessContainerImage) *df.WorkerPool {
	first, most := max(r.Workers, 1), r.MaxWorkers
	switch {
	case !plan.Sharded:
		first, most = 1, 1
	case r.onGPU(plan):
		most = max(r.AcceleratorWorkers, 1)
		first = min(first, most)
	}
	pool := &df.WorkerPool{
		Kind: "harness", NumWorkers: int64(first), MachineType: r.machine(plan), DiskSizeGb: int64(r.DiskGB), Network: r.Network, Subnetwork: r.Subnetwork,
		IpConfiguration: "WORKER_IP_UNSPECIFIED", WorkerHarnessContainerImage: r.image(plan), SdkHarnessContainerImages: images,
		Packages:            []*df.Package{{Name: "worker", Location: at.worker, Sha256: at.workerSum}},
		AutoscalingSettings: &df.AutoscalingSettings{MaxNumWorkers: int64(most)},
	}
	if r.PrivateIPs {
		pool.IpConfiguration = "WORKER_IP_PRIVATE"
	}
	switch r.Autoscaling {
	case "NONE":
		pool.AutoscalingSettings.Algorithm = "AUTOSCALING_ALGORITHM_NONE"
	case "THROUGHPUT_BASED":
		pool.AutoscalingSettings.Algorithm = "AUTOSCALING_ALGORITHM_BASIC"
	}
	return pool
}

func containers(p *pipepb.Pipeline) (images []*df.SdkHarnessContainerImage, err error) {
	for _, id := range pipelines.SortedKeys(p.GetComponents().GetEnvironments()) {
		env := p.GetComponents().GetEnvironments()[id]
		var docker pipepb.DockerPayload
		if err := proto.Unmarshal(env.GetPayload(), &docker); err != nil {
			return nil, err
		}
		images = append(images, &df.SdkHarnessContainerImage{
			ContainerImage: docker.GetContainerImage(), Capabilities: env.GetCapabilities(), EnvironmentId: id,
			UseSingleCorePerContainer: !slices.Contains(env.GetCapabilities(), graphx.URNMultiCore),
		})
	}
	return images, nil
}

// display is what the console shows of a job's options.
type display struct{ key, value, namespace string }

func shownAs(all []display) (shown []map[string]string) {
	for _, d := range all {
		if d.value != "" {
			shown = append(shown, map[string]string{"key": d.key, "namespace": d.namespace, "type": "STRING", "value": d.value})
		}
	}
	return shown
}

// raw is v as JSON; v is made of maps and strings.
func raw(v any) googleapi.RawMessage {
	data, _ := json.Marshal(v)
	return data
}
