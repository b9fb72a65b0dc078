package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/stdio"
	"github.com/retort-ml/retort/io/tfrecord"
	"github.com/retort-ml/retort/runners/progress"
)

func tfrecordVerify() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify FILES…",
		Short: "Check every checksum; say what is damaged, where and why",
		Long: `Read TFRecord files whole and check every length and checksum. For all damage
it prints file, record, offset and cause. The exit code is 1 when something is
damaged or cannot be read.`,
		Example: `  retort tfrecord verify runs/demo/views
  retort tfrecord verify --json 'data/*.tfrecord.gz' | jq .damage`,
		Args: someArguments(tfrecordArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			report, failed := verifyFiles(cmd, args)
			if err := showDamage(report, asJSON); err != nil {
				return err
			}
			switch {
			case failed != nil:
				return failed
			case !report.OK():
				return fmt.Errorf("%d of %s damaged; %s intact (run \"retort tfrecord repair FILE --out NEW\" to save them)", damagedFiles(report),
					progress.Plural(int64(len(report.Files)), "file"), progress.Plural(report.Records(), "record"))
			}
			fmt.Fprintf(stdio.Err, "%s intact in %s\n", progress.Plural(report.Records(), "record"), progress.Plural(int64(len(report.Files)), "file"))
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object per file")
	return cmd
}

// showDamage prints a line per damaged stretch, or an object per file.
func showDamage(report tfrecord.Report, asJSON bool) error {
	if asJSON {
		return writeJSONLines(report.Files)
	}
	for _, d := range report.Damage() {
		if _, err := fmt.Fprintln(stdio.Out, d); err != nil {
			return err
		}
	}
	return nil
}

func tfrecordRepair() *cobra.Command {
	var out string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "repair FILE --out NEW",
		Short: "Write a new file with every intact record, and list what was lost",
		Long: `Write a new file that holds every intact record of a damaged one, in order, and
print what was lost. The damaged file stays as it is. The new file is written
whole or not at all; its name chooses its compression (.gz, .zlib, .zst), else
it is that of the damaged one.`,
		Example: `  retort tfrecord repair damaged.tfrecord --out mended.tfrecord`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 || out == "" {
				return usage("%s needs one file and --out with the name of the new one", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			var report tfrecord.Report
			err := watched("repair", func(tell func(tfrecord.Progress)) (err error) {
				report, err = tfrecord.Repair(cmd.Context(), args[0], out, tell)
				return err
			})
			if err != nil {
				return err
			}
			if err := showDamage(report, asJSON); err != nil {
				return err
			}
			fmt.Fprintf(stdio.Err, "%s: %s saved, %s lost\n", out, progress.Plural(report.Records(), "record"), lost(report))
			return nil
		},
	}
	pathVar(cmd.Flags(), &out, "out", "", "the new file")
	cmd.Flags().BoolVar(&asJSON, "json", false, "what was saved and lost, as one JSON object")
	return cmd
}

func lost(report tfrecord.Report) string {
	var n int64
	atLeast := ""
	for _, d := range report.Damage() {
		if n += d.Records; d.AtLeast {
			atLeast = "at least "
		}
	}
	if n == 0 && atLeast != "" {
		return "0 records known to be"
	}
	return atLeast + progress.Plural(n, "record")
}

func verifyFiles(cmd *cobra.Command, args []string) (report tfrecord.Report, err error) {
	paths, err := tfrecord.Expand(args...)
	if err != nil {
		return report, err
	}
	err = watched("verify", func(tell func(tfrecord.Progress)) (err error) {
		report, err = tfrecord.Verify(cmd.Context(), paths, tell)
		return err
	})
	return report, err
}

// watched shows how far verifying or repairing is.
func watched(name string, work func(func(tfrecord.Progress)) error) error {
	tell, stop := progress.Watch(stdio.Err, name)
	defer stop()
	return work(func(p tfrecord.Progress) { tell(p.Bytes, p.TotalBytes, "bytes", 0) })
}
