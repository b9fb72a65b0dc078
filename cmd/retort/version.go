package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/stdio"
	"github.com/retort-ml/retort/pipelines"
)

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Long:    "Print the version of this program, the Go that built it and what it was built for.",
		Example: "  retort version",
		Args:    noArguments(""),
		Run:     func(*cobra.Command, []string) { fmt.Fprintln(stdio.Out, versionLine()) },
	}
}

func versionLine() string {
	return fmt.Sprintf("retort %s (%s, %s/%s)", pipelines.CodeVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
