package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/stdio"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/pipelines/simclrv2"
	"github.com/retort-ml/retort/runners"
	"github.com/retort-ml/retort/runners/progress"
	"github.com/retort-ml/retort/transforms/inspect"
)

// inspectFlags say what is looked at, as those of run do.
type inspectFlags struct {
	labels, testLabels, out string
	test                    []string
	size                    int
	json                    bool
}

func inspectCommand() *cobra.Command {
	var f inspectFlags
	cmd := &cobra.Command{
		Use:   "inspect IMAGES…",
		Short: "Show what a folder, archive or list of images holds, before a run",
		Long: `Show what a run would read: how the images are laid out, the classes with their
numbers of images, how many have no label, sizes and formats, exact and near
copies, what is set aside or passed over and why; and what is almost certainly a
mistake, such as a test set that shares pictures with the training images.

Every image is decoded. Nothing is kept but the contact sheet; what a run would
unpack from compressed archives lies in the folder for temporary files meanwhile.`,
		Example: `  # the first thing to do with new images
  retort inspect photos/ --out sheet.png

  # the flags of the run to come
  retort inspect photos/ --labels labels.csv --test test.tar --size 96

  # for a program
  retort inspect --json photos.tar | jq .classes`,
		Args: someArguments("images (a folder, an archive, a list of paths or single files)"),
		RunE: func(cmd *cobra.Command, args []string) error { return f.inspect(cmd, args) },
	}
	flags := cmd.Flags()
	placeVar(flags, &f.labels, "labels", "", "folder (an image's folder is its class), a CSV of path,label or id,label, or none (default: folder where it fits)")
	pathsVar(flags, &f.test, "test", "separate labelled set to evaluate on; may be given again")
	placeVar(flags, &f.testLabels, "test-labels", "", "labels of the test set: folder or a CSV")
	flags.IntVar(&f.size, "size", 0, "side of the views to come, in pixels: says whether the images are smaller")
	placeVar(flags, &f.out, "out", "", "PNG file to write a contact sheet to")
	flags.BoolVar(&f.json, "json", false, "as one JSON object")
	return inStores(cmd)
}

func (f *inspectFlags) inspect(cmd *cobra.Command, images []string) error {
	switch {
	case f.size < 0:
		return usage("--size %d: want a side in pixels, or 0", f.size)
	case f.testLabels != "" && len(f.test) == 0:
		return usage("--test-labels %s: there is no test set that they could belong to (give it with --test PATH)", f.testLabels)
	}
	dir, err := os.MkdirTemp("", "retort-inspect-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	found, err := f.look(cmd.Context(), images, dir)
	if err != nil {
		return err
	}
	if f.out != "" {
		sheet, err := os.ReadFile(filepath.Join(dir, "inspect", inspect.SheetName))
		if err == nil {
			err = blob.WriteFile(f.out, func(w io.Writer) error { _, err := w.Write(sheet); return err })
		}
		if err != nil {
			return err
		}
	}
	if f.json {
		out := json.NewEncoder(stdio.Out)
		out.SetEscapeHTML(false)
		return out.Encode(found)
	}
	return printFound(stdio.Out, found)
}

// look runs the stages that look. Where the user does not say what the labels are
// and folders are none, the images are looked at without labels.
func (f *inspectFlags) look(ctx context.Context, images []string, dir string) (*inspect.Found, error) {
	found, err := f.lookWith(ctx, images, dir, f.labels, f.testLabels)
	if err == nil || ctx.Err() != nil || f.labels != "" {
		return found, err
	}
	bare, without := f.lookWith(ctx, images, dir, "none", f.testLabels)
	if without != nil {
		return nil, err // it was not for the labels
	}
	bare.Warnings = append([]string{fmt.Sprintf("looked at without labels: %v", err)}, bare.Warnings...)
	return bare, nil
}

func (f *inspectFlags) lookWith(ctx context.Context, images []string, dir, labels, testLabels string) (*inspect.Found, error) {
	c := simclrv2.Default()
	c.Images, c.Test, c.Ingest.MaxRejected = images, f.test, 1
	if labels != "" {
		c.Labels = labels
	}
	if testLabels != "" {
		c.TestLabels = testLabels
	}
	g := pipelines.New("inspect", pipelines.Root(dir))
	all := simclrv2.Ingest(g, c)
	pipelines.Add(g, "inspect", &inspect.Stage{Test: simclrv2.IngestTests(g, c), Size: f.size, MaxPixels: c.Ingest.MaxPixels}, all)
	shown := progress.Quiet(stdio.Err)
	_, err := runners.Run(ctx, g, runners.Options{Reporter: shown})
	shown.Close()
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(dir, "inspect", inspect.SummaryName))
	if err != nil {
		return nil, err
	}
	found := &inspect.Found{}
	return found, json.Unmarshal(data, found)
}

// printFound writes what was found for people.
func printFound(w io.Writer, f *inspect.Found) error {
	p := &foundPrinter{w: w}
	p.set(&f.Set)
	if c := f.Inside; c != nil && c.Alike > 0 {
		p.line("alike", "%d pictures are others of the set, encoded anew or resized, such as %s and %s", c.Alike, c.Pairs[0].A, c.Pairs[0].B)
	}
	if f.Test != nil {
		p.line("", "")
		p.line("test set:", "")
		p.set(f.Test)
		p.line("shared", "%d files and %d other pictures with the training images", f.Shared.Exact, f.Shared.Alike)
	}
	if len(f.Warnings) > 0 {
		p.line("", "")
	}
	for _, warning := range f.Warnings {
		p.line("warning:", "%s", warning)
	}
	return p.err
}

type foundPrinter struct {
	w   io.Writer
	err error
}

func (p *foundPrinter) line(what, format string, args ...any) {
	if p.err == nil {
		line := fmt.Sprintf("%-10s %s", what, fmt.Sprintf(format, args...))
		_, p.err = fmt.Fprintln(p.w, strings.TrimRight(line, " "))
	}
}

// mostClasses are listed one by one.
const mostClasses = 40

func (p *foundPrinter) set(s *inspect.Set) {
	_, images, _ := strings.Cut(s.Lines()[0], ": ")
	p.line("images", "%s", images)
	classes := s.ByCount()
	p.line("labels", "%s; %s with a label, %s without", inspect.Plural(len(classes)), progress.Count(s.Images-s.Unlabelled), progress.Count(s.Unlabelled))
	for _, c := range classes[:min(len(classes), mostClasses)] {
		p.line("", "  %9s  %s", progress.Count(c.Images), inspect.Shown(c.Name))
	}
	if more := len(classes) - mostClasses; more > 0 {
		p.line("", "  … and %d more classes (all with --json)", more)
	}
	if s.Copies > 0 {
		p.line("copies", "%d files are the same as others, and are used once", s.Copies)
	}
	if q := s.SetAside; q != nil && q.Total > 0 {
		p.line("set aside", "%d of %d images cannot be used", q.Total, q.Of)
		for _, r := range q.First[:min(len(q.First), 10)] {
			p.line("", "  %s: %s %s", r.Name, r.Reason, r.Detail)
		}
	}
	for _, note := range s.Notes {
		p.line("note", "%s", note)
	}
}
