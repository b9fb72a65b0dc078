package dataflow

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/graphx"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/resource"
	df "google.golang.org/api/dataflow/v1b3"
	"google.golang.org/protobuf/proto"

	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/pipelines"
)

// prepared is a job with what has to be staged for it.
type prepared struct {
	job     *df.Job
	staging string // address of a folder
	program string // file that workers run
	worker  string // its name in staging
	model   []byte // pipeline
	name    string // its name in staging
}

// onGPU reports whether a job's machines have an accelerator.
func (r Runner) onGPU(plan pipelines.JobPlan) bool {
	return plan.Wants.Accelerator != "" && r.Accelerator != ""
}

// machine is the type of a job's machines; "" is for Dataflow to choose.
func (r Runner) machine(plan pipelines.JobPlan) string {
	if r.onGPU(plan) {
		return cmp.Or(r.AcceleratorMachine, r.Machine)
	}
	return r.Machine
}

// Machines says what machines a job gets.
func (r Runner) Machines(plan pipelines.JobPlan) (description string, accelerated bool) {
	description = cmp.Or(r.machine(plan), "as Dataflow chooses")
	if g, _ := r.accelerator(); r.onGPU(plan) {
		return fmt.Sprintf("%s, %d x %s", description, g.count, g.kind), true
	}
	return description, false
}

// image is the container of a job's workers.
func (r Runner) image(plan pipelines.JobPlan) string {
	image := r.Image
	if r.onGPU(plan) {
		image = cmp.Or(r.AcceleratorImage, r.Image)
	}
	return cmp.Or(image, "gcr.io/cloud-dataflow/v1beta3/beam_go_sdk:"+core.SdkVersion)
}

// hints are what a job's machines have to be. Dataflow's are those of all its
// transforms: the Go SDK has none for one of them.
func (r Runner) hints(plan pipelines.JobPlan) resource.Hints {
	var hints []resource.Hint
	if memory := max(plan.Wants.MemoryBytes, int64(r.MinRAMGB)*1e9); memory > 0 {
		hints = append(hints, resource.MinRAMBytes(uint64(memory)))
	}
	if plan.Wants.Cores > 0 && r.machine(plan) == "" {
		hints = append(hints, resource.CPUCount(uint64(plan.Wants.Cores)))
	}
	if g, _ := r.accelerator(); r.onGPU(plan) && !r.AcceleratorOption {
		hints = append(hints, resource.Accelerator(g.hint()))
	}
	return resource.NewHints(hints...)
}

// prepare makes the job of a pipeline; nothing is sent.
func (r Runner) prepare(ctx context.Context, p *beam.Pipeline, plan pipelines.JobPlan) (*prepared, error) {
	j := &prepared{staging: r.Staging}
	var sum string
	var err error
	if j.program, sum, err = r.program(plan); err != nil {
		return nil, err
	}
	name := r.name(plan)
	j.worker, j.name = "worker-"+sum, name+"/pipeline.pb"
	pipeline, err := r.marshal(ctx, p, plan)
	if err != nil {
		return nil, err
	}
	payload, err := proto.Marshal(&pipepb.ArtifactUrlPayload{Url: under(r.Staging, j.worker), Sha256: sum})
	if err != nil {
		return nil, err
	}
	if err := graphx.UpdateDefaultEnvWorkerType(graphx.URNArtifactURLType, payload, pipeline); err != nil {
		return nil, err
	}
	if j.model, err = proto.Marshal(pipeline); err != nil {
		return nil, err
	}
	j.job, err = r.translate(pipeline, plan, stagedAs{name, under(r.Staging, j.name), hashOf(j.model), under(r.Staging, j.worker), sum})
	return j, err
}

func (r Runner) marshal(ctx context.Context, p *beam.Pipeline, plan pipelines.JobPlan) (*pipepb.Pipeline, error) {
	environment, err := graphx.CreateEnvironment(ctx, graphx.URNEnvDocker, func(context.Context) string { return r.image(plan) })
	if err != nil {
		return nil, err
	}
	edges, _, err := p.Build()
	if err != nil {
		return nil, err
	}
	return graphx.Marshal(edges, &graphx.Options{Environment: environment, PipelineResourceHints: r.hints(plan)})
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// name is that of a job: its stages, and what makes it the only one.
func (r Runner) name(plan pipelines.JobPlan) string {
	stages := strings.Trim(notInNames.ReplaceAllString(strings.Join(plan.Names(), "-"), "-"), "-")
	name := cmp.Or(r.JobName, "retort") + "-" + stages
	return strings.TrimRight(name[:min(len(name), 54)], "-") + "-" + strings.ToLower(rand.Text()[:8])
}

// stage puts the program and the pipeline where Dataflow finds them. A program
// that is there already stays: its name is its checksum.
func (j *prepared) stage(ctx context.Context) error {
	dir, err := blob.Open(j.staging)
	if err != nil {
		return err
	}
	dir = dir.With(ctx)
	info, err := os.Stat(j.program)
	if err != nil {
		return err
	}
	if there, err := dir.Stat(j.worker); blob.IsAbsent(err) || err == nil && there.Size != info.Size() {
		if err := upload(dir, j.worker, j.program); err != nil {
			return fmt.Errorf("staging the workers' program: %w", err)
		}
	} else if err != nil {
		return fmt.Errorf("staging the workers' program: %w", err)
	}
	if err := dir.WriteFile(j.name, j.model); err != nil {
		return fmt.Errorf("staging the pipeline: %w", err)
	}
	return nil
}

// under is the address of a name in a folder of a bucket.
func under(folder, name string) string { return strings.TrimRight(folder, "/") + "/" + name }

func upload(dir blob.Dir, name, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return dir.Write(name, func(w io.Writer) error {
		_, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{f}, make([]byte, 1<<20))
		return err
	})
}

// show writes the job as JSON for people.
func (j *prepared) show(w io.Writer) error {
	data, err := json.Marshal(j.job)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, data, "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err = b.WriteTo(w)
	return err
}
