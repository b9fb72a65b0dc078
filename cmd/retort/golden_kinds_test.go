package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/retort-ml/retort/internal/stagetest"
	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/example"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/index"
	"github.com/retort-ml/retort/io/tensorboard"
	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/model/optim"
	"github.com/retort-ml/retort/model/resnet"
	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
	"github.com/retort-ml/retort/transforms/ingest"
	"github.com/retort-ml/retort/transforms/label"
	"github.com/retort-ml/retort/transforms/views"
	"github.com/retort-ml/retort/transforms/views/augment"
)

// How each kind of golden file is written, by today's code and from fixed
// input, and read.

func writeIndex(t *testing.T) []byte {
	dog := index.Entry{Ref: imagefile.Ref{ID: imagefile.ID{1, 2, 3}, URI: "c/dog.jpg", Offset: 7, Length: 990, Width: 40, Height: 24, Label: 1, Name: "c/dog.jpg"},
		Class: "dog", Notes: map[string]string{"seen": "fine"}}
	unknown := index.Entry{Ref: imagefile.Ref{ID: imagefile.ID{15: 9}, URI: "b.tar", Length: 5, Width: 1, Height: 2, Label: imagefile.UnknownLabel}}
	return framed(t, index.AppendEntry(nil, dog), index.AppendEntry(nil, unknown))
}

func readIndex(t *testing.T, data []byte) string {
	var says []string
	for _, r := range unframed(t, data) {
		e, err := index.Parse(r)
		if err != nil {
			t.Fatal(err)
		}
		class := "unknown"
		if e.Label != imagefile.UnknownLabel {
			class = fmt.Sprintf("%s=%d", e.Class, e.Label)
		}
		says = append(says, fmt.Sprintf("%s %s %dx%d at %d+%d %v", e.URI, class, e.Width, e.Height, e.Offset, e.Length, e.Notes))
	}
	return strings.Join(says, "; ")
}

// goldenPicture is what the golden views are of; a record holds where it lies
// as this word, since that differs between machines.
const goldenPicture = "picture.jpg"

var goldenAugmentation = []augment.Config{augment.Pretrain(16), augment.FineTune(12)}

func writeViews(t *testing.T, store, format string) []byte {
	picture, err := os.ReadFile(filepath.Join(goldenFolder, goldenPicture))
	if err != nil {
		t.Fatal(err)
	}
	source := t.TempDir()
	stagetest.Write(t, filepath.Join(source, "cat", goldenPicture), picture)
	g := pipelines.New("golden", pipelines.Root(t.TempDir()))
	images := pipelines.Add(g, "ingest", &ingest.Images{Source: []string{source}, Labels: "folder"})
	pipelines.Add(g, "views", &views.Stage{Views: goldenAugmentation, Passes: 1, Seed: 3, Store: store, Format: format}, images)
	if _, err := runners.Run(t.Context(), g, runners.Options{}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(g.Root(), "views", "views-00000-of-00001.tfrecord"))
	if err != nil {
		t.Fatal(err)
	}
	if store != "recipe" {
		return data
	}
	records := unframed(t, data)
	if again := withURI(t, records[0], ""); !bytes.Equal(again, records[0]) {
		t.Fatal("the Example's features are not encoded as its builder encodes them")
	}
	return framed(t, withURI(t, records[0], goldenPicture))
}

// withURI is the Example with another image/uri ("" leaves it).
func withURI(t *testing.T, record []byte, uri string) []byte {
	e, err := example.Decode(record)
	if err != nil {
		t.Fatal(err)
	}
	var b example.Builder
	for _, f := range e.Features() {
		switch f.Kind() {
		case example.KindBytes:
			values, _ := e.BytesList(f.Name())
			if f.Name() == "image/uri" && uri != "" {
				values = [][]byte{[]byte(uri)}
			}
			b.Bytes(f.Name(), values...)
		case example.KindFloat:
			values, _ := e.Floats(f.Name())
			b.Floats(f.Name(), values...)
		case example.KindInt64:
			values, _ := e.Int64s(f.Name())
			b.Int64s(f.Name(), values...)
		}
	}
	return b.Encode()
}

// goldenViewsMeta is the kind-specific part of the manifest beside the golden
// views, as the first version wrote it: replaying a recipe needs it.
const goldenViewsMeta = `{"sizes":[16,12],"images":1,"passes":1,"shards":1,"store":%q,"classes":["cat"],"views":%s}`

func readViews(t *testing.T, store string, data []byte) string {
	records := unframed(t, data)
	if store == "recipe" {
		picture, err := filepath.Abs(filepath.Join(goldenFolder, goldenPicture))
		if err != nil {
			t.Fatal(err)
		}
		records[0] = withURI(t, records[0], picture)
	}
	dir := blob.Local(t.TempDir())
	file := framed(t, records...)
	stagetest.Write(t, dir.At("views-00000-of-00001.tfrecord"), file)
	config, err := os.ReadFile(filepath.Join(goldenFolder, "views-config.json"))
	if err != nil {
		t.Fatal(err)
	}
	err = artifact.Commit(dir, &artifact.Manifest{Schema: artifact.Schema, Kind: "views",
		Files: []artifact.File{{Name: "views-00000-of-00001.tfrecord", Records: 1, Bytes: int64(len(file))}},
		Meta:  json.RawMessage(fmt.Sprintf(goldenViewsMeta, store, config)),
	})
	if err != nil {
		t.Fatal(err)
	}
	a, err := pipelines.LoadArtifact[pipelines.Views](dir.String())
	if err != nil {
		t.Fatal(err)
	}
	d, err := views.Open(a)
	if err != nil {
		t.Fatal(err)
	}
	for it, err := range d.Stream(1, 0) {
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%s of pass %d, label %d: %x %x", it.ID, it.Pass, it.Label, sumOf(it.Views[0]), sumOf(it.Views[1]))
	}
	return "nothing"
}

func sumOf(data []byte) []byte {
	sum := sha256.Sum256(data)
	return sum[:6]
}

// The recipe's config is pinned too: what an older program wrote about its
// views has to mean the same.
func TestGoldenConfigOfViewsIsTodays(t *testing.T) {
	path := filepath.Join(goldenFolder, "views-config.json")
	got, err := json.Marshal(goldenAugmentation)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(path)
	if *update && os.IsNotExist(err) {
		err, want = os.WriteFile(path, got, 0o644), got
	}
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the config of augmentations is written as\n%s\nwant\n%s\n(a new field has to be left out where it is off, or old artifacts are redone)", got, want)
	}
}

func writeTargets(t *testing.T) []byte {
	x := label.Target{Key: label.Key{ID: imagefile.ID{1, 2}, Pass: 3, View: 1}, Teacher: "teacher", Logits: []float32{1.5, -2, 1e9}}
	return framed(t, x.Encode())
}

func readTargets(t *testing.T, data []byte) string {
	var x label.Target
	if err := x.Decode(unframed(t, data)[0]); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x pass %d view %d by %s: %v", x.ID[:2], x.Pass, x.View, x.Teacher, x.Logits)
}

func writeManifest(t *testing.T) []byte {
	dir := blob.Local(t.TempDir())
	err := artifact.Commit(dir, &artifact.Manifest{
		Schema: artifact.Schema, Kind: "views", Stage: "views", Type: "views.Stage", Version: 7, Fingerprint: "f1", Content: "c1", CodeVersion: "v1.2.3",
		Config: json.RawMessage(`{"Passes":1}`), Inputs: map[string]string{"ingest": "f0"},
		Files:      []artifact.File{{Name: "views-00000-of-00001.tfrecord", Records: 3, Bytes: 99, CRC32C: 0xdeadbeef, Blocks: "1@0 2@40"}},
		Counts:     map[string]int64{"images": 3},
		Quarantine: &artifact.Quarantine{Total: 1, Of: 4, Reasons: map[string]int64{"corrupt": 1}, First: []artifact.Rejected{{Name: "x.jpg", URI: "x.jpg", Reason: "corrupt", Detail: "jpeg: no end"}}},
		Notes:      []string{"a note"}, Meta: json.RawMessage(`{"classes":["cat"]}`), PortMeta: map[string]json.RawMessage{"train": json.RawMessage(`{"n":1}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	data, err := dir.ReadFile(artifact.ManifestName)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func readManifest(t *testing.T, data []byte) string {
	m, err := artifact.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	var meta bytes.Buffer
	if err := json.Compact(&meta, m.Meta); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s of kind %s, version %d: %d file of %d records, %d of %d set aside, meta %s",
		m.Stage, m.Kind, m.Version, len(m.Files), m.Files[0].Records, m.Quarantine.Total, m.Quarantine.Of, &meta)
}

func writeCheckpoint(t *testing.T) []byte {
	spec, err := json.Marshal(train.Spec{
		Arch: resnet.Config{Depth: 18, Width: 0.25}, ImageSize: 16, Objective: objective.NTXent, HeadLayers: 3, HeadDim: 8, Temperature: 0.2,
		Optimizer: optim.NewLARS(1e-4), Schedule: optim.Schedule{Base: 0.1, Scaling: "sqrt", WarmupSteps: 2}, Batch: 4, Steps: 9, Seed: 3,
	})
	if err != nil {
		t.Fatal(err)
	}
	c := checkpoint.Checkpoint{
		State: checkpoint.State{Spec: spec, Step: 5, Seed: 3, Classes: []string{"cat", "dog"}, Metrics: map[string]float64{"loss": 0.5},
			Fingerprints: map[string]string{"views": "f1"}, Meta: map[string]string{"size": "16"}},
		Weights:   []checkpoint.Tensor{{Name: "w", Shape: []int{3}, Data: []float32{1, -2.5, 3e-9}}},
		Optimizer: []checkpoint.Tensor{{Name: "w/Momentum", Shape: []int{1, 3}, Data: []float32{0.5, 0, 1}}},
	}
	var b bytes.Buffer
	if err := c.Encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readCheckpoint(t *testing.T, data []byte) string {
	c, err := checkpoint.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	var s train.Spec
	if err := json.Unmarshal(c.Spec, &s); err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("step %d of %d, seed %d, %v, %s %s; %s %v; %s %v", c.Step, s.Steps, c.Seed, c.Classes, s.Objective, s.Arch,
		c.Weights[0].Name, c.Weights[0].Data, c.Optimizer[0].Name, c.Optimizer[0].Data)
}

// writeEvents sets the times to 0: they are the clock's.
func writeEvents(t *testing.T) []byte {
	w, err := tensorboard.Create(blob.Local(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	w.Scalar(1, "loss", 0.5)
	w.Scalar(2, "loss", 0.125)
	w.Scalar(3, "accuracy", 0.25)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(w.Path())
	if err != nil {
		t.Fatal(err)
	}
	records := unframed(t, data)
	for _, r := range records {
		if r[0] != 0x09 { // field 1, a double: the time
			t.Fatalf("an event begins with %#x, want its time", r[0])
		}
		copy(r[1:9], make([]byte, 8))
	}
	return framed(t, records...)
}

func readEvents(t *testing.T, data []byte) string {
	path := filepath.Join(t.TempDir(), tensorboard.Prefix+"1")
	stagetest.Write(t, path, data)
	curves, err := tensorboard.Scalars(path)
	if err != nil {
		t.Fatal(err)
	}
	var says []string
	for tag, points := range curves {
		text := tag
		for _, p := range points {
			text += fmt.Sprintf(" %d=%v", p.Step, p.Value)
		}
		says = append(says, text)
	}
	slices.Sort(says)
	return strings.Join(says, "; ")
}
