package portable

import (
	"strings"

	"github.com/spf13/pflag"

	"github.com/retort-ml/retort/pipelines"
)

// Flags are the names of the flags of AddFlags.
var Flags = []string{"endpoint", "environment", "environment-config", "parallelism"}

// AddFlags adds the flags of runners behind a job service.
func (Runner) AddFlags(f *pflag.FlagSet) []string {
	f.String("endpoint", "", "flink, spark, portable: HOST:PORT of the job server")
	f.String("environment", Loopback, "how the job server's runner starts workers: "+strings.Join(Environments, ", "))
	f.String("environment-config", "", "PROCESS: path of this program there (default: as here); EXTERNAL: HOST:PORT of a pool; DOCKER: image")
	f.Int("parallelism", 0, "workers at once (default: the runner's own)")
	return Flags
}

// Configured is the runner that the flags describe.
func (r Runner) Configured(f *pflag.FlagSet) (pipelines.Runner, error) {
	r.Endpoint, _ = f.GetString("endpoint")
	r.Environment, _ = f.GetString("environment")
	r.Environment = strings.TrimSpace(r.Environment)
	r.Config, _ = f.GetString("environment-config")
	r.Parallelism, _ = f.GetInt("parallelism")
	return r, r.Check()
}
