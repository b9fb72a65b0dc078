package main

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/retort-ml/retort/io/example"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/tfrecord"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/pipelines/simclrv2"
	"github.com/retort-ml/retort/runners"
	"github.com/retort-ml/retort/transforms/ingest"
)

// TestHiddenLabelsChangeNothing: with --labels folder most labels are hidden.
// Two archives hold the same images in the same places; in the second one every
// hidden image lies in the folder of another class. All artifacts are the same,
// byte for byte, but those that may know: the index of what was ingested, the
// evaluation of the teacher against the truth, and the report of both.
func TestHiddenLabelsChangeNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	set := filepath.Join(dir, "set")
	must(t, exec.Command("retort", "synth", "--out", set, "--classes", "3", "--per-class", "12", "--test", "3", "--size", "16"))
	members := membersOf(t, filepath.Join(set, "train"))
	var ids []string // of those that keep their labels
	for i := range members {
		if members[i].known = i%4 == 0; members[i].known {
			ids = append(ids, imagefile.IDOf(members[i].data).String())
		}
	}
	list := filepath.Join(dir, "ids.txt")
	if err := os.WriteFile(list, []byte(strings.Join(ids, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	run := func(out string, shift int) {
		archive := filepath.Join(dir, "train.tar")
		writeShifted(t, archive, members, shift)
		c, err := simclrv2.Load("", "testdata/config/tiny.yaml", []string{"split.ids=" + list})
		if err != nil {
			t.Fatal(err)
		}
		c.Labels, c.Test, c.Backend = "folder", []string{filepath.Join(set, "test")}, "cpu"
		g := pipelines.New("hidden", pipelines.Root(filepath.Join(dir, out)))
		images := pipelines.Add(g, "ingest", &timeless{ingest.Images{Source: []string{archive}, Labels: "folder", Seed: c.Seed, Limit: c.Ingest.MaxRejected}})
		c.Images = []string{archive}
		if _, err := simclrv2.Compose(g, c, images); err != nil {
			t.Fatal(err)
		}
		if _, err := runners.Run(t.Context(), g, runners.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	run("true", 0)
	run("false", 1)
	differs, err := compareRuns(filepath.Join(dir, "true"), filepath.Join(dir, "false"))
	if err != nil {
		t.Fatal(err)
	}
	stages := map[string]bool{}
	for _, path := range differs {
		if path == "split/manifest.json" && sameBut(t, path, `"(content|manifest_crc32c)": .*`, filepath.Join(dir, "true"), filepath.Join(dir, "false")) {
			continue // it reads all labels, and notes what it read
		}
		stage, _, _ := strings.Cut(path, "/")
		if stages[stage] = true; !slices.Contains([]string{"ingest", "evaluate", "report"}, stage) {
			t.Errorf("%s depends on labels that are hidden", path)
		}
	}
	if !stages["ingest"] || !stages["evaluate"] {
		t.Errorf("the hidden labels made no difference at all: only %v differ", differs)
	}
	checkLabelsIn(t, filepath.Join(dir, "true"), ids)
}

// timeless is ingest without an eye for when its sources changed, which would
// tell the two archives apart: the system notes it, and nobody can set it.
type timeless struct{ ingest.Images }

func (*timeless) State(context.Context) (string, error) { return "", nil }

func init() { pipelines.Register(&timeless{}) }

// member is one image of an archive.
type member struct {
	class string
	data  []byte
	known bool // keeps its label
}

func membersOf(t *testing.T, root string) (members []member) {
	t.Helper()
	files, err := readRun(root)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		members = append(members, member{class: filepath.Dir(name), data: files[name]})
	}
	return members
}

// writeShifted writes an archive whose hidden images lie in the folder of the
// class so many further.
func writeShifted(t *testing.T, path string, members []member, shift int) {
	t.Helper()
	var classes []string
	for _, m := range members {
		if !slices.Contains(classes, m.class) {
			classes = append(classes, m.class)
		}
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i, m := range members {
		class := m.class
		if !m.known {
			class = classes[(slices.Index(classes, class)+shift)%len(classes)]
		}
		h := &tar.Header{Name: fmt.Sprintf("%s/%05d.jpg", class, i), Mode: 0o644, Size: int64(len(m.data)), Typeflag: tar.TypeReg}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(m.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// sameBut compares a file of two runs without what the pattern matches.
func sameBut(t *testing.T, path, pattern string, runs ...string) bool {
	t.Helper()
	but, same := regexp.MustCompile(pattern), map[string]bool{}
	for _, run := range runs {
		data, err := os.ReadFile(filepath.Join(run, path))
		if err != nil {
			t.Fatal(err)
		}
		same[but.ReplaceAllString(string(data), "")] = true
	}
	return len(same) == 1
}

// checkLabelsIn reads all records of a run that training and teacher see: only
// images with the ids carry a label, where labels are learnt from and nowhere else.
func checkLabelsIn(t *testing.T, run string, ids []string) {
	t.Helper()
	for _, stage := range []string{"views", "labelled-views", "distill-views", "label"} {
		records, labels := 0, 0
		shards, err := filepath.Glob(filepath.Join(run, stage, "*.tfrecord*"))
		if err != nil || len(shards) == 0 {
			t.Fatalf("%s has no shards: %v", stage, err)
		}
		for _, shard := range shards {
			r, err := tfrecord.Open(shard, tfrecord.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for data, err := range r.All() {
				if err != nil {
					t.Fatal(err)
				}
				records++
				if hasLabel(t, data, shard, ids) {
					labels++
				}
			}
			r.Close()
		}
		switch {
		case stage == "labelled-views" && labels != records:
			t.Errorf("%s: %d of %d records have a label", stage, labels, records)
		case stage != "labelled-views" && labels > 0:
			t.Errorf("%s: %d of %d records have a label", stage, labels, records)
		}
	}
}

func hasLabel(t *testing.T, record []byte, shard string, ids []string) bool {
	t.Helper()
	e, err := example.Decode(record)
	if err != nil {
		t.Fatal(err)
	}
	id, err := e.Bytes("image/id")
	if err != nil {
		t.Fatal(err)
	}
	known := slices.Contains(ids, fmt.Sprintf("%x", id))
	for _, f := range e.Features() {
		if known {
			continue
		}
		if strings.Contains(f.Name(), "label") || strings.Contains(f.Name(), "class") || strings.Contains(f.Name(), "uri") || strings.Contains(f.Name(), "name") {
			t.Errorf("%s: the hidden image %x has %s", shard, id, f.Name())
		}
	}
	_, has := e.Feature("image/label")
	return has
}

// must runs a command that has to succeed.
func must(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, text)
	}
}
