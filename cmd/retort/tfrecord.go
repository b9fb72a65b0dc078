package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/stdio"
	"github.com/retort-ml/retort/io/example"
	"github.com/retort-ml/retort/io/tfrecord"
	"github.com/retort-ml/retort/runners/progress"
)

func tfrecordCommand() *cobra.Command {
	return group("tfrecord", "List, print, verify and repair TFRecord files", `  retort tfrecord ls runs/demo/views
  retort tfrecord cat --limit 1 runs/demo/views
  retort tfrecord verify 'runs/*/views/*.tfrecord'
  retort tfrecord repair damaged.tfrecord --out mended.tfrecord`,
		tfrecordLs(), tfrecordCat(), tfrecordVerify(), tfrecordRepair())
}

const tfrecordArgs = "a file, a folder or a pattern"

func tfrecordLs() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "ls FILES…",
		Short: "List files with their records, sizes and compression",
		Long: `List TFRecord files: how many records each holds, how large it is, how it is
compressed, what its first record is. Files are read whole; a damaged one is listed as such and makes the
exit code 1.`,
		Example: `  retort tfrecord ls runs/demo/views
  retort tfrecord ls --json 'data/*.tfrecord.gz'`,
		Args: someArguments(tfrecordArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			report, err := verifyFiles(cmd, args)
			if err != nil {
				return err
			}
			if asJSON {
				err = writeJSONLines(firstRecords(report))
			} else {
				err = listFiles(stdio.Out, report)
			}
			if err == nil && !report.OK() {
				err = fmt.Errorf("%s damaged; see retort tfrecord verify", progress.Plural(int64(damagedFiles(report)), "file"))
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object per file")
	return cmd
}

func listFiles(w io.Writer, report tfrecord.Report) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "file\trecords\tbytes\tof data\tcompression\tstate\tfirst record")
	for _, f := range firstRecords(report) {
		state := "intact"
		if len(f.Damage) > 0 {
			state = "damaged"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", f.Path, progress.Count(f.Records), progress.Count(f.Bytes), progress.Count(f.DataBytes), f.Compression, state, f.Holds)
	}
	return t.Flush()
}

func damagedFiles(report tfrecord.Report) (n int) {
	for _, f := range report.Files {
		if len(f.Damage) > 0 {
			n++
		}
	}
	return n
}

func writeJSONLines[T any](items []T) error {
	out := json.NewEncoder(stdio.Out)
	out.SetEscapeHTML(false)
	for _, item := range items {
		if err := out.Encode(item); err != nil {
			return err
		}
	}
	return nil
}

func tfrecordCat() *cobra.Command {
	var asJSON, raw bool
	var skip, limit int64
	cmd := &cobra.Command{
		Use:   "cat FILES…",
		Short: "Print the records of files",
		Long: `Print records as tf.train.Example, for people (long byte strings, such as
images, as their size and hash) or as JSON in protobuf's own form. Records of
other kinds are shown as what they are: SequenceExamples, TensorBoard's events,
JSON and text, or else named.`,
		Example: `  # the first record of a stage's shards
  retort tfrecord cat --limit 1 runs/demo/views

  # every label, by jq
  retort tfrecord cat --json runs/demo/views | jq -r '.features.feature["image/label"].int64List.value[0]'`,
		Args: someArguments(tfrecordArgs),
		RunE: func(_ *cobra.Command, args []string) error {
			if asJSON && raw {
				return usage("--json and --raw cannot be had at once")
			}
			if skip < 0 || limit < -1 {
				return usage("--skip %d --limit %d: want numbers of records (a limit of -1 is all)", skip, limit)
			}
			paths, err := tfrecord.Expand(args...)
			if err != nil {
				return err
			}
			out := bufio.NewWriterSize(stdio.Out, 1<<16)
			c := catter{w: out, json: asJSON, raw: raw, skip: skip, left: limit}
			for _, path := range paths {
				if err := c.file(path); err != nil {
					return cmp.Or(err, out.Flush())
				}
			}
			return out.Flush()
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&asJSON, "json", false, "one JSON object per record")
	flags.BoolVar(&raw, "raw", false, "the records' bytes as they are, one after the other")
	flags.Int64Var(&skip, "skip", 0, "leave out so many records first")
	flags.Int64Var(&limit, "limit", -1, "print so many records at most; -1: all")
	return cmd
}

// catter prints records until it has printed enough.
type catter struct {
	w          io.Writer
	json, raw  bool
	skip, left int64
	example    example.Example
}

func (c *catter) file(path string) error {
	if c.left == 0 {
		return nil
	}
	r, err := tfrecord.Open(path, tfrecord.Options{})
	if err != nil {
		return err
	}
	defer r.Close()
	for data, err := range r.All() {
		if err != nil {
			return err
		}
		if c.skip > 0 {
			c.skip--
			continue
		}
		if err := c.record(path, r.Position(), data); err != nil {
			return err
		}
		if c.left--; c.left == 0 {
			return nil
		}
	}
	return nil
}

func (c *catter) record(path string, at tfrecord.Position, data []byte) error {
	if c.raw {
		_, err := c.w.Write(data)
		return err
	}
	if other := example.Look(data); other != nil {
		return c.other(path, at, data, other)
	}
	if err := c.example.Decode(data); err != nil {
		return fmt.Errorf("%s: record %d at byte %d: %w (its checksum is good: it is a broken tf.train.Example; --raw prints it as it is)", path, at.Record, at.Offset, err)
	}
	if !c.json {
		_, err := fmt.Fprintf(c.w, "# %s: record %d at byte %d, %d bytes\n%s\n", path, at.Record, at.Offset, len(data), c.example.String())
		return err
	}
	line, err := c.example.MarshalJSON()
	if err != nil {
		return err
	}
	_, err = c.w.Write(append(line, '\n'))
	return err
}

// other prints a record that is no tf.train.Example.
func (c *catter) other(path string, at tfrecord.Position, data []byte, other *example.Other) error {
	if !c.json {
		_, err := fmt.Fprintf(c.w, "# %s: record %d at byte %d, %d bytes, no tf.train.Example but: %s\n%s\n", path, at.Record, at.Offset, len(data), other.Kind, other.Text)
		return err
	}
	line, err := other.MarshalJSON()
	if err != nil {
		return err
	}
	_, err = c.w.Write(append(line, '\n'))
	return err
}

// listed is a file with what its first record holds.
type listed struct {
	tfrecord.FileReport
	Holds string `json:"holds,omitempty"`
}

// firstRecords looks into the files of a report.
func firstRecords(report tfrecord.Report) (files []listed) {
	for _, f := range report.Files {
		files = append(files, listed{f, firstRecord(f.Path)})
	}
	return files
}

// firstRecord says what the first record of a file holds, "" if none can be read:
// the report says why.
func firstRecord(path string) string {
	r, err := tfrecord.Open(path, tfrecord.Options{})
	if err != nil {
		return ""
	}
	defer r.Close()
	data, err := r.Next()
	if err != nil {
		return ""
	}
	return example.Holds(data)
}
