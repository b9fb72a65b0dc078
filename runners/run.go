// Package runners chooses where a graph runs and how its progress is shown.
package runners

import (
	"context"
	"fmt"

	"github.com/retort-ml/retort/internal/didyoumean"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners/dataflow"
	"github.com/retort-ml/retort/runners/direct"
	"github.com/retort-ml/retort/runners/portable"
	"github.com/retort-ml/retort/runners/prism"
)

// Options of a run. The zero value runs everything on the direct runner and
// shows nothing.
type Options struct {
	Runner   pipelines.Runner // where stages run: one of ByName, or of one's own; nil is direct
	Only     []string         // stages to run, with what they depend on; empty is all
	Reporter pipelines.Reporter
}

// table has the runners by name.
var table = map[string]pipelines.Runner{"direct": direct.Runner{}, "prism": prism.Runner{}}

// Names of the runners, direct first; [Register] adds to them.
var Names = []string{"direct", "prism"}

// Local are those that run everything on this machine, and need nothing else.
var Local = []string{"direct", "prism"}

func init() {
	for _, service := range []string{"flink", "spark", "portable"} {
		Register(portable.Runner{Service: service})
	}
	Register(dataflow.Runner{})
}

// Register makes a runner known by its Name, for --runner of every program made
// of this package. It is called from an init function; a name that is taken
// panics.
func Register(r pipelines.Runner) {
	name := r.Name()
	if name == "" || table[name] != nil {
		panic(fmt.Sprintf("runners: the name %q is empty or taken", name))
	}
	table[name] = r
	Names = append(Names, name)
	if d, ok := r.(pipelines.Detached); ok {
		pipelines.RegisterDetached(d)
	}
}

// ByName returns the runner of that name; "" is direct.
func ByName(name string) (pipelines.Runner, error) {
	if name == "" {
		name = "direct"
	}
	if r := table[name]; r != nil {
		return r, nil
	}
	return nil, fmt.Errorf("unknown runner %q%s", name, didyoumean.Hint(name, Names))
}

// Run runs what has to run of g and keeps the rest.
func Run(ctx context.Context, g *pipelines.Graph, o Options) ([]pipelines.Result, error) {
	if o.Runner == nil {
		o.Runner = direct.Runner{}
	}
	if o.Reporter == nil {
		o.Reporter = pipelines.Silent{}
	}
	return g.Execute(ctx, o.Runner, o.Reporter, o.Only...)
}
