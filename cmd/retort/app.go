package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/stdio"
	"github.com/retort-ml/retort/runners/program"
)

// Exit codes.
const (
	codeDone   = program.Done
	codeFailed = program.Failed
)

var exit = os.Exit

// usageError is the user's call or config that is wrong, not the work.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }
func (usageError) UsageError()     {}

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errSilent fails without a word: all has been said.
var errSilent = program.ErrSilent

// noArguments refuses what stands behind the flags; hint says where it goes.
var noArguments = program.NoArguments

const long = `Retort turns many unlabelled images and a few labels into a small, accurate
classifier: SimCLRv2 (pretrain, fine-tune, distill) as a graph of stages whose
artifacts are kept when nothing they depend on changed.`

const examples = `  # an image set to try things on, and the whole graph on it
  retort synth --out shapes
  retort run --preset demo --images shapes --out runs/demo

  # your own images; their folders are their classes, 1 % keep their labels
  retort run --preset cifar10-small --images photos.tar --labels folder --out runs/photos

  # a few labels in a CSV, everything else unlabelled
  retort run --images photos/ --labels labels.csv --out runs/photos`

// execute runs the command line and returns the exit code.
func execute(commands []*cobra.Command) (code int) { return program.Execute(newRoot(commands)) }

func newRoot(commands []*cobra.Command) *cobra.Command {
	root := &cobra.Command{
		Use: "retort", Short: "Many images, few labels, a small classifier", Long: long, Example: examples,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		Args:              cobra.ArbitraryArgs,
		RunE:              showHelp,
		PersistentPreRunE: pathArguments,
	}
	root.Version = versionLine()
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetOut(stdio.Out)
	root.SetErr(stdio.Err)
	root.AddCommand(commands...)
	return root
}

func showHelp(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// group makes a command that only holds others.
func group(use, short, examples string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Example: examples, Args: cobra.ArbitraryArgs, RunE: showHelp}
	c.AddCommand(commands...)
	return c
}

// someArguments asks for at least one; what says of which.
func someArguments(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usage("%s needs %s; see %s --help", cmd.CommandPath(), what, cmd.CommandPath())
		}
		return nil
	}
}
