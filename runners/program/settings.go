package program

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/address"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/pipelines/config"
)

// settings are the flags that make a config and its graph.
type settings[C any] struct {
	program           *program[C]
	preset, file, out string
	sets              []string
	flags             map[string]*given
}

func (s *settings[C]) register(cmd *cobra.Command) {
	schema, flags := s.program.schema, cmd.Flags()
	for _, f := range schema.Flags() {
		v := &given{flag: f, check: func(values []string) error { var c C; return schema.SetFlag(&c, f.Name, values) }}
		s.flags[f.Name] = v
		if flags.Var(v, f.Name, f.Doc); f.Bool {
			flags.Lookup(f.Name).NoOptDefVal = "true"
		}
	}
	if len(schema.Presets) > 0 {
		flags.StringVar(&s.preset, "preset", "", "recipe to start from: "+strings.Join(schema.Names(), ", ")+" (default: the config file's, else "+schema.Default+")")
	}
	flags.StringVar(&s.file, "config", "", "YAML file of settings (see "+s.program.name+" config)")
	flags.StringArrayVar(&s.sets, "set", nil, "one key of the config, such as key=value; may be given again")
	flags.StringVar(&s.out, "out", "run", "folder of the run; every stage has its own inside")
}

// config resolves preset, file, settings and flags, in this order.
func (s *settings[C]) config(cmd *cobra.Command) (C, error) {
	c, err := s.program.schema.Load(s.preset, s.file, s.sets)
	if err != nil {
		return c, Usage(err)
	}
	for name, v := range s.flags {
		if !cmd.Flags().Changed(name) {
			continue
		}
		if err := s.program.schema.SetFlag(&c, name, v.values); err != nil {
			return c, usagef("--%s %s: %w", name, strings.Join(v.values, " "), err)
		}
	}
	return c, nil
}

// graph is the graph that the flags describe.
func (s *settings[C]) graph(cmd *cobra.Command) (*pipelines.Graph, error) {
	if s.out == "" {
		return nil, usagef("--out is empty; want a path (is a variable of the shell not set?)")
	}
	out, err := address.Local(s.out, Stores()...)
	if err != nil {
		return nil, usagef("--out: %w", err)
	}
	c, err := s.config(cmd)
	if err != nil {
		return nil, err
	}
	g := pipelines.New(s.program.name, pipelines.Root(out))
	if err = s.program.build(g, c); err == nil {
		err = g.Check()
	}
	if err != nil {
		return nil, Usage(err)
	}
	return g, nil
}

func (s *settings[C]) plan(cmd *cobra.Command) ([]pipelines.Step, error) {
	g, err := s.graph(cmd)
	if err != nil {
		return nil, err
	}
	return g.Plan(cmd.Context())
}

// given is what was given to a flag of the config.
type given struct {
	flag   config.Flag
	check  func(values []string) error
	values []string
}

// Set takes one more value where the flag is a list.
func (g *given) Set(value string) error {
	if !g.flag.List {
		g.values = nil
	} else if value == "" {
		return fmt.Errorf("it is empty (is a variable of the shell not set?)")
	}
	g.values = append(g.values, value)
	return g.check(g.values)
}

func (g *given) String() string { return g.flag.Default }

// Type is what help calls the value.
func (g *given) Type() string {
	switch {
	case g.flag.Bool:
		return "bool"
	case g.flag.List:
		return "strings"
	}
	return "value"
}

// Stores are the schemes of addresses that a program may read and write: memory
// would be gone with it.
func Stores() []string {
	return slices.DeleteFunc(blob.Schemes(), func(scheme string) bool { return scheme == "mem" })
}
