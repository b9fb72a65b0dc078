package runners

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/retort-ml/retort/internal/didyoumean"
	"github.com/retort-ml/retort/pipelines"
)

// Configurable is a runner with settings of its own, as flags of a command.
// Runners of one family share theirs: the same names.
type Configurable interface {
	pipelines.Runner
	// AddFlags adds the flags and returns their names.
	AddFlags(f *pflag.FlagSet) []string
	// Configured is the runner with what the flags say. It says what is wrong with
	// them, before anything is staged.
	Configured(f *pflag.FlagSet) (pipelines.Runner, error)
}

// Flags are --runner and the flags of all runners on one command.
type Flags struct {
	name  string
	set   *pflag.FlagSet
	users map[string][]string // flag -> runners
}

// Register adds the flags to a command's.
func (f *Flags) Register(set *pflag.FlagSet) {
	f.set, f.users = set, map[string][]string{}
	set.StringVar(&f.name, "runner", "direct", "where the stages run: "+strings.Join(Names, ", "))
	for _, name := range Names {
		c, ok := table[name].(Configurable)
		if !ok {
			continue
		}
		own := pflag.NewFlagSet(name, pflag.ContinueOnError)
		for _, flag := range c.AddFlags(own) {
			if f.users[flag] == nil && set.Lookup(flag) == nil {
				set.AddFlag(own.Lookup(flag))
			}
			f.users[flag] = append(f.users[flag], name)
		}
	}
}

// Runner is what the flags describe. One that is for another runner is an error.
func (f *Flags) Runner() (pipelines.Runner, error) {
	r, err := ByName(f.name)
	if err != nil {
		return nil, fmt.Errorf("--runner %s: want one of %s%s", f.name, strings.Join(Names, ", "), didyoumean.Near(f.name, Names))
	}
	for _, flag := range pipelines.SortedKeys(f.users) {
		if f.set.Changed(flag) && !slices.Contains(f.users[flag], r.Name()) {
			return nil, fmt.Errorf("--%s is for --runner %s; this is --runner %s", flag, strings.Join(f.users[flag], ", "), r.Name())
		}
	}
	if c, ok := r.(Configurable); ok {
		return c.Configured(f.set)
	}
	return r, nil
}
