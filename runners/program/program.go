// Package program makes a command-line program of a graph: with run, plan,
// graph and config, settings from presets, files and flags, progress, events
// for programs, Ctrl-C and exit codes.
//
//	type Config struct {
//		Images   []string `yaml:"images" flag:"images" doc:"folders of images"`
//		MinRange int      `yaml:"min_range" range:"0..255" doc:"drop images with less contrast"`
//	}
//
//	func main() {
//		program.Main("contrasty", config.Of(Config{MinRange: 24}), build)
//	}
//
//	func build(g *pipelines.Graph, c Config) error {
//		images := pipelines.Add(g, "ingest", &ingest.Images{Source: c.Images, Labels: "folder"})
//		pipelines.Add(g, "contrasty", pipelines.Each(&Contrasty{MinRange: c.MinRange}), images)
//		return nil
//	}
//
// and then
//
//	contrasty run --images photos/ --out runs/photos --set min_range=30
//
// The same program is its own worker: a runner that starts it with the flags of
// a Beam worker gets one.
package program

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/stdio"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/pipelines/config"
	"github.com/retort-ml/retort/runners"
)

// Main runs the command line of this process and exits: 0 done, 1 failed, 2 a
// wrong call or config. name is that of the program and the graph, schema says
// what it can be told, build adds the stages. An error of build is one of the
// config.
func Main[C any](name string, schema config.Schema[C], build func(g *pipelines.Graph, c C) error) {
	os.Exit(Execute(Command(name, schema, build)))
}

// Command is the command that Main runs: for a program that has more.
func Command[C any](name string, schema config.Schema[C], build func(g *pipelines.Graph, c C) error) *cobra.Command {
	p := &program[C]{name: name, schema: schema, build: build}
	root := &cobra.Command{
		Use: name, Short: "Run the graph " + name, Args: cobra.ArbitraryArgs,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(stdio.Out)
	root.SetErr(stdio.Err)
	root.AddCommand(p.runCommand(), p.planCommand(), p.graphCommand(), p.configCommand())
	return root
}

type program[C any] struct {
	name   string
	schema config.Schema[C]
	build  func(g *pipelines.Graph, c C) error
}

func (p *program[C]) runCommand() *cobra.Command {
	var where runners.Flags
	var only []string
	var asJSON bool
	cmd, settings := p.command("run", "Run the graph; what is up to date is kept")
	where.Register(cmd.Flags())
	cmd.Flags().StringSliceVar(&only, "only", nil, "run these stages and what they depend on")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one event per line on stdout, as JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		runner, err := where.Runner()
		if err != nil {
			return Usage(err)
		}
		g, err := settings.graph(cmd)
		if err != nil {
			return err
		}
		if cmd.Flags().Changed("only") && len(only) == 0 {
			return usagef("--only is empty; want names of stages; known: %s", strings.Join(g.Names(), ", "))
		}
		r := Run{Graph: g, On: runner, Only: only, Err: cmd.ErrOrStderr(), Again: cmd.CommandPath()}
		if asJSON {
			r.Events = cmd.OutOrStdout()
		}
		return r.Do(cmd.Context())
	}
	return cmd
}

func (p *program[C]) planCommand() *cobra.Command {
	var flags PlanFlags
	cmd, settings := p.command("plan", "Show what would run, why, and how much it is; nothing runs")
	flags.Register(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		g, err := settings.graph(cmd)
		if err != nil {
			return err
		}
		steps, err := g.Plan(cmd.Context())
		if err != nil {
			return err
		}
		return flags.Write(cmd, cmd.OutOrStdout(), cmd.ErrOrStderr(), g.Root(), steps)
	}
	return cmd
}

func (p *program[C]) graphCommand() *cobra.Command {
	var format string
	cmd, settings := p.command("graph", "Draw the graph as text, DOT or SVG")
	cmd.Flags().StringVar(&format, "format", "text", strings.Join(GraphFormats, ", "))
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		draw, err := Drawer(format)
		if err != nil {
			return err
		}
		steps, err := settings.plan(cmd)
		if err != nil {
			return err
		}
		return draw(cmd.OutOrStdout(), steps)
	}
	return cmd
}

func (p *program[C]) configCommand() *cobra.Command {
	var list bool
	cmd, settings := p.command("config", "Print the resolved config, every key with its meaning, range and default")
	if len(p.schema.Presets) > 0 {
		cmd.Flags().BoolVar(&list, "list", false, "list the presets instead")
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		for _, preset := range p.schema.Presets {
			if list {
				fmt.Fprintf(cmd.OutOrStdout(), "%-22s %s\n", preset.Name, preset.Doc)
			}
		}
		if list {
			return nil
		}
		c, err := settings.config(cmd)
		if err != nil {
			return err
		}
		return p.schema.Print(cmd.OutOrStdout(), c)
	}
	return cmd
}

// command is a command that is told the settings.
func (p *program[C]) command(name, short string) (*cobra.Command, *settings[C]) {
	cmd := &cobra.Command{Use: name, Short: short, Args: NoArguments("")}
	s := &settings[C]{program: p, flags: map[string]*given{}}
	s.register(cmd)
	return cmd, s
}
