package program

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/retort-ml/retort/internal/didyoumean"
	"github.com/retort-ml/retort/internal/stdio"
	"github.com/retort-ml/retort/internal/sysmem"
	"github.com/retort-ml/retort/runners/internal/quiet"
)

// Exit codes.
const (
	Done   = 0
	Failed = 1
	Wrong  = 2 // the call or the config, not the work
)

// UsageError is an error of the user's call or config, not of the work.
type UsageError interface {
	error
	UsageError()
}

// Usage makes an error a UsageError.
func Usage(err error) error { return usageError{err} }

type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }
func (usageError) UsageError()     {}

// ErrSilent fails without a word: all has been said.
var ErrSilent = errors.New("failed")

// Execute runs the command line of this process and returns its exit code. The
// first SIGINT or SIGTERM ends the commands' context, the second one the
// process. A process that a runner started as a worker becomes it instead.
func Execute(root *cobra.Command) (code int) {
	name := root.Name()
	defer func() {
		if v := recover(); v != nil {
			fmt.Fprintf(stdio.Err, "%s: this is a bug in %s: panic: %v\n%s", name, name, v, debug.Stack())
			code = Failed
		}
	}()
	sysmem.LimitCPUs()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // the second signal kills
	if IsWorker(os.Args[1:]) {
		return report(root, Work(ctx, os.Args[1:]))
	}
	keepBeamQuiet()
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(flagError)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	err := unknownCommand(root, os.Args[1:])
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	return report(root, whole(err))
}

// whole is the error of a command, or that its output was lost.
func whole(err error) error {
	if lost := stdio.Finish(); lost != nil && (err == nil || errors.Is(err, ErrSilent)) {
		return lost
	}
	return err
}

// keepBeamQuiet: in a process of ours nobody but Beam's developers wants to
// read what Prism logs. What others log goes where it went.
func keepBeamQuiet() {
	out, flags, prefix := log.Writer(), log.Flags(), log.Prefix()
	slog.SetDefault(slog.New(quiet.Handler(slog.Default().Handler())))
	log.SetOutput(out) // SetDefault hands package log's lines to slog, whose own default hands them back
	log.SetFlags(flags)
	log.SetPrefix(prefix)
}

// report says what went wrong, once, and returns the exit code.
func report(root *cobra.Command, err error) int {
	var wrong UsageError
	switch {
	case err == nil:
		return Done
	case errors.Is(err, ErrSilent):
		return Failed
	case errors.Is(err, context.Canceled):
		err = errors.New("stopped")
	}
	fmt.Fprintf(stdio.Err, "%s: %v\n", root.Name(), err)
	if errors.As(err, &wrong) {
		return Wrong
	}
	return Failed
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
	return usagef("%s has no command %q%s", cmd.CommandPath(), rest[0], didyoumean.Hint(rest[0], names))
}

func usagef(format string, args ...any) error { return Usage(fmt.Errorf(format, args...)) }

func flagError(cmd *cobra.Command, err error) error {
	var missing *pflag.NotExistError
	if !errors.As(err, &missing) {
		return usagef("%s: %w", cmd.CommandPath(), err)
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	dashes, name := "--", missing.GetSpecifiedName()
	if short := missing.GetSpecifiedShortnames(); short != "" {
		dashes, name = "-", short
	}
	var hint string
	root := cmd.Root()
	root.InitDefaultVersionFlag()
	near := didyoumean.Nearest(name, names)
	switch {
	case root.Flags().Lookup(name) != nil:
		hint = fmt.Sprintf("; did you mean %q?", root.Name()+" --"+name)
	case near != "":
		hint = fmt.Sprintf("; did you mean %q?", "--"+near)
	case cmd.Flags().Lookup("set") != nil:
		hint = fmt.Sprintf("; see %s --help, and %s config for the keys that --set takes", cmd.CommandPath(), root.Name())
	default:
		hint = fmt.Sprintf("; see %s --help", cmd.CommandPath())
	}
	return usagef("%s has no flag %s%s%s", cmd.CommandPath(), dashes, name, hint)
}

// NoArguments refuses what stands behind the flags; hint says where it goes.
func NoArguments(hint string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return usagef("%s takes no arguments, got %q%s", cmd.CommandPath(), args[0], hint)
	}
}

// OneOf is the usage error of a flag whose value is not among the known ones.
func OneOf(flag, value string, known []string) error {
	if slices.Contains(known, value) {
		return nil
	}
	return usagef("--%s %s: want one of %s%s", flag, value, strings.Join(known, ", "), didyoumean.Near(value, known))
}
