package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

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
damaged.`,
		Example: `  retort tfrecord verify runs/demo/views
  retort tfrecord verify --json 'data/*.tfrecord.gz' | jq .damage`,
		Args: someArguments(tfrecordArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			report, err := verifyFiles(cmd, args)
			if err != nil {
				return err
			}
			if asJSON {
				if err := writeJSONLines(report.Files); err != nil {
					return err
				}
			} else {
				for _, d := range report.Damage() {
					fmt.Println(d)
				}
			}
			if !report.OK() {
				return fmt.Errorf("%d of %s damaged; %s intact (run \"retort tfrecord repair FILE --out NEW\" to save them)", damagedFiles(report),
					progress.Plural(int64(len(report.Files)), "file"), progress.Plural(report.Records(), "record"))
			}
			fmt.Fprintf(os.Stderr, "%s intact in %s\n", progress.Plural(report.Records(), "record"), progress.Plural(int64(len(report.Files)), "file"))
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object per file")
	return cmd
}

func tfrecordRepair() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "repair FILE --out NEW",
		Short: "Write a new file with every intact record, and list what was lost",
		Long: `Write a new file that holds every intact record of a damaged one, in order, and
print what was lost. The damaged file stays as it is. The new file is written
whole or not at all; its name chooses its compression (.gz, .zst, .zz).`,
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
			var lost int64
			atLeast := ""
			for _, d := range report.Damage() {
				fmt.Println(d)
				if lost += d.Records; d.AtLeast {
					atLeast = "at least "
				}
			}
			fmt.Fprintf(os.Stderr, "%s: %s saved, %s%s lost\n", out, progress.Plural(report.Records(), "record"), atLeast, progress.Plural(lost, "record"))
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "the new file")
	return cmd
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
	tell, stop := progress.Watch(os.Stderr, name)
	defer stop()
	return work(func(p tfrecord.Progress) { tell(p.Bytes, p.TotalBytes, "bytes", 0) })
}
