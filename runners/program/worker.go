package program

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/apache/beam/sdks/v2/go/container/tools"
	beamruntime "github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/harness"
	fnpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/fnexecution_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/util/grpcx"

	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners/portable"
)

// IsWorker tells a command line with which a runner starts this program as a
// worker: that of Beam's containers, --worker=true and endpoints, or that of a
// runner that starts processes, which has only where to ask for them.
func IsWorker(args []string) bool {
	return slices.ContainsFunc(args, func(arg string) bool {
		return arg == "--worker" || arg == "--worker=true" || arg == bootFlag || strings.HasPrefix(arg, "--provision_endpoint=") || strings.HasPrefix(arg, poolFlag)
	})
}

// poolFlag makes the program a pool that starts workers for runners that ask at
// HOST:PORT.
const poolFlag = "--worker_pool="

// worker is what a worker is told.
type worker struct {
	id, logging, control, options, provision string
	artifacts, persist                       string // where a boot fetches from, and may write
	harness                                  harness.Options
}

// Work is a worker: it runs the bundles that a runner sends, until the runner
// goes. It returns then; Beam's own start-up code would sleep for ever.
func Work(ctx context.Context, args []string) error {
	if len(args) == 1 && strings.HasPrefix(args[0], poolFlag) {
		return portable.Pool(ctx, strings.TrimPrefix(args[0], poolFlag))
	}
	pipelines.WorkAlone()
	if len(args) > 0 && args[0] == bootFlag {
		return boot(ctx, args[1:])
	}
	ctx = endWithParent(ctx)
	w, err := parseWorker(args)
	if err != nil {
		return Usage(err)
	}
	ctx = grpcx.WriteWorkerID(ctx, w.id)
	if w.provision != "" {
		ctx = endWithJob(ctx)
		if _, err := w.ask(ctx); err != nil {
			return err
		}
	}
	return w.work(ctx)
}

func (w *worker) work(ctx context.Context) error {
	if err := w.importOptions(); err != nil {
		return fmt.Errorf("worker %s: its pipeline options: %w", w.id, err)
	}
	if err := harness.MainWithOptions(ctx, w.logging, w.control, w.harness); err != nil {
		return fmt.Errorf("worker %s: %w", w.id, err)
	}
	return nil
}

// endWithParent ends the process when the one that started it is gone: the
// runner's, or the pool's.
func endWithParent(ctx context.Context) context.Context {
	parent := os.Getppid()
	if parent <= 1 {
		return ctx // a container's first process, or one that nobody waits for
	}
	ctx, end := context.WithCancelCause(ctx)
	go func() {
		for os.Getppid() == parent {
			time.Sleep(time.Second)
		}
		end(errors.New("the runner's process is gone"))
		time.Sleep(5 * time.Second)
		os.Exit(Failed) // work that does not hear of it
	}()
	return ctx
}

// idleTime is how long a worker waits for more once its stage needs it no more.
const idleTime = 20 * time.Second

// endWithJob ends a process that a runner started for one job when that is over.
// Flink's forgets workers that it started for a task that was cancelled meanwhile.
func endWithJob(ctx context.Context) context.Context {
	ctx, end := context.WithCancelCause(ctx)
	go func() {
		for since := time.Now(); time.Since(since) < idleTime; time.Sleep(idleTime / 10) {
			if !pipelines.Over() {
				since = time.Now()
			}
		}
		end(errors.New("its job is over"))
		time.Sleep(5 * time.Second)
		os.Exit(Failed) // what does not hear of it
	}()
	return ctx
}

func parseWorker(args []string) (*worker, error) {
	w := &worker{harness: harness.Options{StatusEndpoint: os.Getenv("STATUS_ENDPOINT"), RunnerCapabilities: strings.Fields(os.Getenv("RUNNER_CAPABILITIES"))}}
	f := flag.NewFlagSet("worker", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.Bool("worker", true, "")
	f.StringVar(&w.id, "id", "", "")
	f.StringVar(&w.logging, "logging_endpoint", "", "")
	f.StringVar(&w.control, "control_endpoint", "", "")
	f.StringVar(&w.provision, "provision_endpoint", "", "")
	f.StringVar(&w.options, "options", "", "")
	f.StringVar(&w.artifacts, "artifact_endpoint", "", "")
	f.StringVar(&w.persist, "semi_persist_dir", "", "")
	if err := f.Parse(args); err != nil {
		return nil, fmt.Errorf("worker: %w", err)
	}
	w.id = strings.Trim(w.id, "'") // Prism puts quotes around it that no shell takes away
	if path := os.Getenv("PIPELINE_OPTIONS_FILE"); path != "" {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		w.options = string(data)
	}
	if w.provision == "" && w.control == "" {
		return nil, fmt.Errorf("worker: want --control_endpoint or --provision_endpoint")
	}
	return w, nil
}

// askTime is how long a runner may take to answer a worker that it has started.
const askTime = 15 * time.Second

// ask gets endpoints and options from the runner; what it does not say stays as the
// command line has it.
func (w *worker) ask(ctx context.Context) (*fnpb.ProvisionInfo, error) {
	ctx, done := context.WithTimeout(ctx, askTime) // the runner may be gone before this began
	defer done()
	info, err := tools.ProvisionInfo(ctx, w.provision)
	if err != nil {
		return nil, fmt.Errorf("worker %s: cannot ask %s what to do: %w", w.id, w.provision, err)
	}
	w.logging = cmp.Or(info.GetLoggingEndpoint().GetUrl(), w.logging)
	w.control = cmp.Or(info.GetControlEndpoint().GetUrl(), w.control)
	w.artifacts = cmp.Or(info.GetArtifactEndpoint().GetUrl(), w.artifacts)
	w.harness.StatusEndpoint, w.harness.RunnerCapabilities = info.GetStatusEndpoint().GetUrl(), info.GetRunnerCapabilities()
	if w.options, err = tools.ProtoToJSON(info.GetPipelineOptions()); err != nil {
		err = fmt.Errorf("worker %s: its pipeline options: %w", w.id, err)
	}
	return info, err
}

func (w *worker) importOptions() error {
	if w.options == "" {
		return nil
	}
	var all beamruntime.RawOptionsWrapper
	if err := json.Unmarshal([]byte(w.options), &all); err != nil {
		return err
	}
	beamruntime.GlobalOptions.Import(all.Options)
	return nil
}
