package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/retort-ml/retort/internal/stagetest"
	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/tfrecord"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/pipelines/simclrv2"
	"github.com/retort-ml/retort/transforms/ingest"
	"github.com/retort-ml/retort/transforms/label"
	"github.com/retort-ml/retort/transforms/views"
)

// What rests on disk is pinned: testdata/golden has one file of each kind, as
// NAME.vN.EXT, written by the program that had version N of that kind. Today's
// program must write the newest of them byte for byte, and read all of them.
//
// When a test here fails for a change that was meant, raise the version named
// in the row, run
//
//	go test ./cmd/retort -run Golden -update
//
// and leave the older files where they are: artifacts like them are on people's
// disks.
var update = flag.Bool("update", false, "write the golden files of versions that have none")

const goldenFolder = "testdata/golden"

// golden is one kind of file that rests on disk.
type golden struct {
	name    string
	version int    // what a change of the bytes has to raise …
	where   string // … and where it is
	ext     string
	write   func(t *testing.T) []byte
	read    func(t *testing.T, data []byte) string
	says    string
}

func goldens() []golden {
	stage := func(s any) int {
		if v, ok := s.(pipelines.Versioned); ok {
			return v.StageVersion()
		}
		return 0
	}
	viewsOf := func(name, store, format string) golden {
		return golden{name, stage(&views.Stage{}), "transforms/views.Stage.StageVersion", "tfrecord",
			func(t *testing.T) []byte { return writeViews(t, store, format) },
			func(t *testing.T, data []byte) string { return readViews(t, store, data) }, goldenViews}
	}
	return []golden{
		{"index", stage(&ingest.Images{}), "transforms/ingest.Images.StageVersion", "tfrecord", writeIndex, readIndex,
			"c/dog.jpg dog=1 40x24 at 7+990 map[seen:fine]; b.tar unknown 1x2 at 0+5 map[]"},
		viewsOf("views-raw", "pixels", "raw"),
		viewsOf("views-png", "pixels", "png"),
		viewsOf("views-recipe", "recipe", ""),
		{"targets", stage(&label.Stage{}), "transforms/label.Stage.StageVersion", "tfrecord", writeTargets, readTargets,
			"0102 pass 3 view 1 by teacher: [1.5 -2 65504]"},
		{"manifest", artifact.Schema, "io/artifact.Schema", "json", writeManifest, readManifest,
			"views of kind views, version 7: 1 file of 3 records, 1 of 4 set aside, meta {\"classes\":[\"cat\"]}"},
		{"checkpoint", 1, "the format line of model/checkpoint", "safetensors", writeCheckpoint, readCheckpoint,
			"step 5 of 9, seed 3, [cat dog], ntxent ResNet-18 0.25x; w [1 -2.5 3e-09]; w/Momentum [0.5 0 1]"},
		{"events", 2, "io/tensorboard's file version", "tfevents", writeEvents, readEvents, "accuracy 3=0.25; loss 1=0.5 2=0.125"},
	}
}

// goldenViews is what the golden views show: the first bytes of the SHA-256 of
// their pixels.
const goldenViews = "425c192233230148c5c7bd1f2fbb1097 of pass 0, label 0: 7670804125ac ee519067861d"

func (g golden) path(version int) string {
	return filepath.Join(goldenFolder, fmt.Sprintf("%s.v%d.%s", g.name, version, g.ext))
}

// versions are those of which there is a golden file.
func (g golden) versions(t *testing.T) (list []int) {
	paths, err := filepath.Glob(filepath.Join(goldenFolder, g.name+".v*."+g.ext))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), g.name+".v"), "."+g.ext)
		version, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		list = append(list, version)
	}
	slices.Sort(list)
	return list
}

func TestGoldenFilesAreWrittenAsTheyWere(t *testing.T) {
	for _, g := range goldens() {
		t.Run(g.name, func(t *testing.T) {
			got, path := g.write(t), g.path(g.version)
			want, err := os.ReadFile(path)
			switch {
			case *update && os.IsNotExist(err):
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			case err != nil:
				t.Fatalf("there is no golden file of version %d: run go test ./cmd/retort -run Golden -update (%v)", g.version, err)
			case !bytes.Equal(got, want):
				t.Fatalf("today's bytes are not those of version %d (%d against %d, first difference at %d): old artifacts would be kept beside new ones; raise %s, then run go test ./cmd/retort -run Golden -update",
					g.version, len(got), len(want), differsAt(got, want), g.where)
			}
		})
	}
}

func TestGoldenFilesOfAllVersionsAreRead(t *testing.T) {
	for _, g := range goldens() {
		versions := g.versions(t)
		if len(versions) == 0 {
			t.Errorf("%s: no golden file", g.name)
		}
		for _, version := range versions {
			t.Run(fmt.Sprintf("%s.v%d", g.name, version), func(t *testing.T) {
				data, err := os.ReadFile(g.path(version))
				if err != nil {
					t.Fatal(err)
				}
				if got := g.read(t, data); got != g.says {
					t.Errorf("it says\n%s\nwant\n%s", got, g.says)
				}
			})
		}
	}
}

func differsAt(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// framed is a TFRecord file of the records.
func framed(t *testing.T, records ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := tfrecord.NewWriter(&b, tfrecord.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func unframed(t *testing.T, data []byte) (records [][]byte) {
	t.Helper()
	for r, err := range tfrecord.NewReader(bytes.NewReader(data), tfrecord.Options{Strict: true}).All() {
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, bytes.Clone(r))
	}
	return records
}

// The stages' configs of two presets are pinned: they are part of fingerprints,
// so that a field that is written where it is not used redoes everybody's
// artifacts. New fields have to be left out of the JSON where they are off.
func TestGoldenConfigsOfStages(t *testing.T) {
	images := stagetest.Folder(t, 8, 1, "a", "b")
	for _, preset := range []string{"smoke", "cifar10"} {
		c, err := simclrv2.Load(preset, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		c.Images = []string{images}
		g, err := simclrv2.Build(c, t.TempDir(), "auto")
		if err != nil {
			t.Fatal(err)
		}
		steps, err := g.Plan(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		names := []string{images, "IMAGES"}
		for _, s := range steps {
			names = append(names, s.Fingerprint, "<"+s.Name+">")
		}
		replace := strings.NewReplacer(names...)
		for _, s := range steps {
			if s.Name == "report" { // it holds the config as text
				continue
			}
			fmt.Fprintf(&got, "%s %s ", s.Name, s.Type)
			if err := json.Indent(&got, []byte(replace.Replace(string(s.Config))), "", " "); err != nil {
				t.Fatal(err)
			}
			got.WriteByte('\n')
		}
		path := filepath.Join(goldenFolder, "configs-"+preset+".txt")
		want, err := os.ReadFile(path)
		if *update && os.IsNotExist(err) {
			want, err = got.Bytes(), os.WriteFile(path, got.Bytes(), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			at := differsAt(got.Bytes(), want)
			t.Errorf("%s: the stages' configs are written as\n…%s…\nwhere they were\n…%s…", preset, around(got.Bytes(), at), around(want, at))
		}
	}
}

func around(data []byte, at int) []byte { return data[max(0, at-120):min(len(data), at+120)] }
