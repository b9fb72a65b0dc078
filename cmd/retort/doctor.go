package main

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/stdio"
	"github.com/retort-ml/retort/internal/sysmem"
	"github.com/retort-ml/retort/model/backend"
	engine "github.com/retort-ml/retort/model/backend/cpu"
	"github.com/retort-ml/retort/runners/progress"
)

func doctorCommand() *cobra.Command {
	var out, wanted string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what this machine can do and what is missing",
		Long: `Say what this machine offers to a run: instructions of the CPU, cores, memory,
room on the disk, which compute backend a run would take, and which plugins of
XLA there are (or the two commands that get one). The exit code is 1 when a run
could not start.`,
		Example: `  retort doctor

  # is there room for a run there, and does the GPU open?
  retort doctor --out /data/runs --backend xla:cuda`,
		Args: noArguments(""),
		RunE: func(*cobra.Command, []string) error { return doctor(out, wanted) },
	}
	pathVar(cmd.Flags(), &out, "out", ".", "folder that a run would write to")
	cmd.Flags().StringVar(&wanted, "backend", backend.Auto, "what would compute: "+strings.Join(backend.Names(), ", "))
	return cmd
}

func doctor(out, wanted string) error {
	line := func(what, format string, args ...any) {
		fmt.Fprintf(stdio.Out, "%-9s %s\n", what, fmt.Sprintf(format, args...))
	}
	line("system", "%s/%s, %s", runtime.GOOS, runtime.GOARCH, runtime.Version())
	line("cpu", "%s", processors())
	line("kernels", "%s", instructions())
	line("memory", "%s", memory())
	room, roomErr := diskRoom(out)
	if roomErr == nil {
		line("disk", "%s free at %s", progress.Bytes(float64(room)), out)
	} else {
		line("disk", "NOT USABLE: %v (choose another --out)", roomErr)
	}
	chosen, backendErr := backend.New(wanted)
	if backendErr == nil {
		line("backend", "%s", chosen)
		chosen.Backend.Finalize()
	} else {
		line("backend", "NOT USABLE: %v", backendErr)
	}
	for _, l := range backend.XLA() {
		line("xla", "%s", l)
	}
	if roomErr != nil || backendErr != nil {
		return errSilent
	}
	return nil
}

// instructions are the vector instructions that our kernels use.
func instructions() string {
	text := engine.Instructions()
	if c, err := backend.New("cpu,precision=" + backend.INT8); err == nil && text != "portable" {
		c.Backend.Finalize()
		return text + ", with VNNI for --precision int8"
	}
	return text
}

// processors are the machine's cores, and how many of them a run uses.
func processors() string {
	text := fmt.Sprintf("%s, %d of %d used", progress.Plural(int64(runtime.NumCPU()), "core"), runtime.GOMAXPROCS(0), runtime.NumCPU())
	if granted := sysmem.CPUs(); granted > 0 {
		text += fmt.Sprintf(" (a control group, such as a container, grants the time of %.3g)", granted)
	}
	return text
}

// memory is what a run can have, and what of it is free.
func memory() string {
	total, machine := sysmem.Total(), sysmem.Machine()
	if total == 0 {
		return "unknown on this system"
	}
	text := fmt.Sprintf("%s, %s free", progress.Bytes(float64(total)), progress.Bytes(float64(sysmem.Free())))
	if total < machine {
		text += fmt.Sprintf(" (the limit of a control group, such as a container; the machine has %s)", progress.Bytes(float64(machine)))
	}
	return text
}
