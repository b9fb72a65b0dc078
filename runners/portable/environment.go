package portable

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"

	"github.com/retort-ml/retort/internal/didyoumean"
	"github.com/retort-ml/retort/runners/internal/jobs"
)

// How workers are started.
const (
	Loopback = "LOOPBACK" // in the launcher: its machine does the work
	Process  = "PROCESS"  // by the runner, as processes on its machines
	External = "EXTERNAL" // by pools that were started before
	Docker   = "DOCKER"   // by the runner, as containers
)

// Environments are all of them, the default first.
var Environments = []string{Loopback, Process, External, Docker}

// Check says what of the settings is wrong, before anything is staged:
//
//	LOOPBACK  takes no config
//	PROCESS   the path of this program on the runner's machines, or JSON:
//	          {"command": "/opt/retort", "env": {"NAME": "value"}}; "" is where it lies here
//	EXTERNAL  HOST:PORT of a pool: "retort --worker_pool=:50000"
//	DOCKER    the name of an image
func (r Runner) Check() error {
	if r.Endpoint == "" {
		return fmt.Errorf("--runner %s needs --endpoint HOST:PORT, where its job server listens (Flink's: 8099)", r.Service)
	}
	if err := hostPort(r.Endpoint); err != nil {
		return fmt.Errorf("--endpoint %s: %w", r.Endpoint, err)
	}
	if r.Environment != "" && !slices.Contains(Environments, r.Environment) {
		return fmt.Errorf("--environment %s: want one of %s%s", r.Environment, strings.Join(Environments, ", "), didyoumean.Near(r.Environment, Environments))
	}
	if r.Parallelism < 0 {
		return fmt.Errorf("--parallelism %d: want at least 1, or 0 for the runner's own", r.Parallelism)
	}
	switch r.Environment {
	case "", Loopback:
		if r.Config != "" {
			return fmt.Errorf("--environment-config %s: LOOPBACK takes none (want --environment PROCESS, EXTERNAL or DOCKER with it)", r.Config)
		}
	case Process:
		_, err := r.process()
		return err
	case External:
		if err := hostPort(r.Config); err != nil {
			return fmt.Errorf("--environment-config %q: %w; EXTERNAL wants the address of a pool of workers", r.Config, err)
		}
	case Docker:
		if r.Config == "" || strings.ContainsAny(r.Config, " {") {
			return fmt.Errorf("--environment-config %q: DOCKER wants the name of an image", r.Config)
		}
	}
	return nil
}

func hostPort(s string) error {
	_, port, err := net.SplitHostPort(s)
	if err != nil || port == "" || strings.Contains(s, "/") {
		return fmt.Errorf("want HOST:PORT")
	}
	return nil
}

// command is the config of PROCESS.
type command struct {
	Command string            `json:"command"`
	Env     map[string]string `json:"env,omitempty"`
}

// process is the command by which the runner starts workers.
func (r Runner) process() (command, error) {
	c := command{Command: r.Config}
	if strings.HasPrefix(strings.TrimSpace(r.Config), "{") {
		d := json.NewDecoder(strings.NewReader(r.Config))
		d.DisallowUnknownFields()
		if err := d.Decode(&c); err != nil {
			return c, fmt.Errorf(`--environment-config: %w; want a path or {"command": "/opt/retort", "env": {"NAME": "value"}}`, err)
		}
	}
	if c.Command == "" {
		program, err := r.program()
		if err != nil {
			return c, err
		}
		c.Command = program
	}
	if !filepath.IsAbs(c.Command) {
		return c, fmt.Errorf("--environment-config: the program %q is no absolute path; it is started on the runner's machines", c.Command)
	}
	env := passed()
	maps.Copy(env, c.Env)
	c.Env = env
	return c, nil
}

// passedOn are settings of this process that workers need as well; none is secret.
var passedOn = []string{"STORAGE_EMULATOR_HOST", "PJRT_PLUGIN_LIBRARY_PATH", "GOMLX_BACKEND", "GOMLX_NO_AUTO_INSTALL", "XLA_FLAGS", "RETORT_SCRATCH_GB", "RETORT_BEAM_LOG"}

func passed() map[string]string {
	env := map[string]string{}
	for _, name := range passedOn {
		if v, ok := os.LookupEnv(name); ok {
			env[name] = v
		}
	}
	return env
}

// program is what workers run.
func (r Runner) program() (string, error) {
	if r.Program != "" {
		return filepath.Abs(r.Program)
	}
	return os.Executable()
}

func (r Runner) environment(ctx context.Context) (*pipepb.Environment, error) {
	switch r.Environment {
	case Process:
		c, err := r.process()
		if err != nil {
			return nil, err
		}
		data, err := json.Marshal(c)
		if err != nil {
			return nil, err
		}
		return jobs.Environment(ctx, "beam:env:process:v1", string(data))
	case External:
		return jobs.Environment(ctx, "beam:env:external:v1", r.Config)
	case Docker:
		return jobs.Environment(ctx, "beam:env:docker:v1", r.Config)
	}
	here, err := loopback()
	if err != nil {
		return nil, err
	}
	return jobs.Environment(ctx, "beam:env:external:v1", here.address)
}
