package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/retort-ml/retort/internal/didyoumean"
	"github.com/retort-ml/retort/internal/stdio"
	"github.com/retort-ml/retort/internal/sysmem"
)

// Exit codes.
const (
	codeDone   = 0
	codeFailed = 1
	codeUsage  = 2
)

var exit = os.Exit

// usageError is the user's call or config that is wrong, not the work.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errSilent fails without a word: all has been said.
var errSilent = errors.New("failed")

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
func execute(commands []*cobra.Command) (code int) {
	defer func() {
		if v := recover(); v != nil {
			fmt.Fprintf(stdio.Err, "retort: this is a bug in retort: panic: %v\n%s", v, debug.Stack())
			code = codeFailed
		}
	}()
	sysmem.LimitCPUs()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // the second signal kills

	root := newRoot(commands)
	err := unknownCommand(root, os.Args[1:])
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	return report(whole(err))
}

// whole is the error of a command, or that its output was lost.
func whole(err error) error {
	if lost := stdio.Finish(); lost != nil && (err == nil || errors.Is(err, errSilent)) {
		return lost
	}
	return err
}

func newRoot(commands []*cobra.Command) *cobra.Command {
	root := &cobra.Command{
		Use: "retort", Short: "Many images, few labels, a small classifier", Long: long, Example: examples,
		SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		Args:              cobra.ArbitraryArgs,
		RunE:              showHelp,
		PersistentPreRunE: pathArguments,
	}
	root.SetOut(stdio.Out)
	root.SetErr(stdio.Err)
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(commands...)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	return root
}

func showHelp(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// group makes a command that only holds others.
func group(use, short, examples string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Example: examples, Args: cobra.ArbitraryArgs, RunE: showHelp}
	c.AddCommand(commands...)
	return c
}

// unknownCommand is the error of a command line that names a command that
// there is not, with the nearest one.
func unknownCommand(root *cobra.Command, args []string) error {
	if len(args) > 0 && args[0] == "help" {
		args = args[1:]
	}
	cmd, rest, err := root.Find(args)
	if err != nil || !cmd.HasAvailableSubCommands() || len(rest) == 0 || strings.HasPrefix(rest[0], "-") {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return usage("%s has no command %q%s", cmd.CommandPath(), rest[0], didyoumean.Hint(rest[0], names))
}

func flagError(cmd *cobra.Command, err error) error {
	var missing *pflag.NotExistError
	if !errors.As(err, &missing) {
		return usageError{fmt.Errorf("%s: %w", cmd.CommandPath(), err)}
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	name := "--" + missing.GetSpecifiedName()
	if missing.GetSpecifiedShortnames() != "" {
		name = "-" + missing.GetSpecifiedShortnames()
	}
	return usage("%s has no flag %s%s", cmd.CommandPath(), name, didyoumean.Hint(name, names))
}

// noArguments refuses what stands behind the flags; hint says where it goes.
func noArguments(hint string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return usage("%s takes no arguments, got %q%s", cmd.CommandPath(), args[0], hint)
	}
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

// report says what went wrong, once, and returns the exit code.
func report(err error) int {
	var wrong usageError
	switch {
	case err == nil:
		return codeDone
	case errors.Is(err, errSilent):
		return codeFailed
	case errors.Is(err, context.Canceled):
		err = errors.New("stopped")
	}
	fmt.Fprintf(stdio.Err, "retort: %v\n", err)
	if errors.As(err, &wrong) {
		return codeUsage
	}
	return codeFailed
}
