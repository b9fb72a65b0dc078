package training_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/retort-ml/retort/internal/stagetest"
	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/resnet"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
	"github.com/retort-ml/retort/transforms/distill"
	"github.com/retort-ml/retort/transforms/evaluate"
	"github.com/retort-ml/retort/transforms/finetune"
	"github.com/retort-ml/retort/transforms/ingest"
	"github.com/retort-ml/retort/transforms/label"
	"github.com/retort-ml/retort/transforms/pretrain"
	"github.com/retort-ml/retort/transforms/split"
	"github.com/retort-ml/retort/transforms/training"
	"github.com/retort-ml/retort/transforms/views"
	"github.com/retort-ml/retort/transforms/views/augment"
)

const size = 8

// options are what the graphs under test differ in.
type options struct {
	teacher, student resnet.Config
	selector         int
	linear           bool
	shardBytes       int64
	store            string
	backend          string
	alpha            float64
	relabelled       bool // the student sees views in other shards than the teacher did
	unwatched        bool // no labels watch the pretraining
	perClass         int  // labels kept; 0 is 3
	epochs           int
	batch            int     // of every stage; 0 is what suits it
	rate             float64 // of learning; 0 is 0.5, by which deeper networks diverge
	validation       float64 // share of the labels
	stop             training.Validation
	average          float64
	labels           string // precision of the label stage
}

func standard() options {
	return options{teacher: resnet.Config{Depth: 18, Width: 0.0625}, student: resnet.Config{Depth: 18, Width: 0.03125}, selector: 1, alpha: 1, epochs: 2}
}

func settings(o options, batch int) training.Settings {
	if o.batch > 0 {
		batch = o.batch
	}
	return training.Settings{Epochs: o.epochs, Batch: batch, Optimizer: "lars", LearningRate: cmp.Or(o.rate, 0.5), Scaling: "sqrt", WeightDecay: 1e-4, Average: o.average, CheckpointEvery: 2, Backend: o.backend}
}

// build composes the five stages on images of stripes.
func build(root, images string, o options) *pipelines.Graph {
	g := pipelines.New("tiny", pipelines.Root(root))
	all := pipelines.Add(g, "ingest", &ingest.Images{Source: []string{images}, Labels: "folder"})
	sets := split.Add(g, "split", &split.ByLabel{PerClass: cmp.Or(o.perClass, 3), TestFraction: 0.25, Validation: o.validation, Seed: 1}, all)
	stop := o.stop
	stop.Images = sets.Validation
	view := func(passes int, shardBytes int64, configs ...augment.Config) *views.Stage {
		return &views.Stage{Views: configs, Passes: passes, Seed: 1, ShardBytes: shardBytes, Store: o.store, Exact: true}
	}
	pairs := pipelines.Add(g, "views", view(2, o.shardBytes, augment.Pretrain(size), augment.Pretrain(size)), sets.Train)
	labelled := sets.Labelled
	if o.unwatched {
		labelled = pipelines.Edge[pipelines.Images]{}
	}
	encoder := pipelines.Add(g, "pretrain", &pretrain.Stage{Settings: settings(o, 8), Arch: o.teacher, HeadLayers: 2, HeadDim: 8, Temperature: 0.5, Seed: 1, Labelled: labelled}, pairs)
	few := pipelines.Add(g, "labelled-views", view(2, o.shardBytes, augment.FineTune(size)), sets.Labelled)
	teacher := pipelines.Add(g, "finetune", &finetune.Stage{Settings: settings(o, 4), Encoder: encoder, Selector: o.selector, LinearOnly: o.linear, Seed: 1, Validation: stop}, few)
	seen := pipelines.Add(g, "distill-views", view(2, o.shardBytes, augment.FineTune(size)), sets.Train)
	targets := pipelines.Add(g, "label", &label.Stage{Teacher: teacher, Batch: 4, Backend: o.backend, Precision: o.labels}, seen)
	if o.relabelled {
		seen = pipelines.Add(g, "other-views", view(2, 1<<20, augment.FineTune(size)), sets.Train)
	}
	student := &distill.Stage{Settings: settings(o, 8), Targets: targets, Arch: o.student, Temperature: 1, Alpha: o.alpha, Seed: 1, Validation: stop}
	if o.alpha < 1 {
		student.Labelled = sets.Labelled
	}
	distilled := pipelines.Add(g, "distill", student, seen)
	pipelines.Add(g, "evaluate", &evaluate.Stage{Models: map[string]pipelines.Edge[pipelines.Classifier]{"teacher": teacher, "student": distilled},
		Encoder: encoder, Labelled: sets.Labelled, Validation: sets.Validation, Targets: targets, Truth: all, Train: sets.Train, K: 3, Backend: o.backend}, sets.Test)
	return g
}

// run runs the graph and returns its folder.
func run(t *testing.T, images string, o options) string {
	t.Helper()
	root := t.TempDir()
	if _, err := runners.Run(context.Background(), build(root, images, o), runners.Options{}); err != nil {
		t.Fatal(err)
	}
	return root
}

func images(t *testing.T) string { return stagetest.Folder(t, 12, 8, "across", "along", "aslant") }

func read(t *testing.T, parts ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func model(t *testing.T, root, stage string) *checkpoint.Checkpoint {
	t.Helper()
	c, err := checkpoint.Load(filepath.Join(root, stage, training.ModelName))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func results(t *testing.T, root string) (r evaluate.Results) {
	t.Helper()
	if err := json.Unmarshal(read(t, root, "evaluate", evaluate.MetricsName), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestTeachersAndStudents runs the whole graph for teachers and students of
// every relation: smaller, of another depth, with selective kernels, the same.
func TestTeachersAndStudents(t *testing.T) {
	from := images(t)
	small := resnet.Config{Depth: 18, Width: 0.03125}
	sk := resnet.Config{Depth: 50, Width: 0.03125, SKRatio: 0.0625}
	for name, pair := range map[string][2]resnet.Config{
		"larger teacher": {{Depth: 18, Width: 0.0625}, small},
		"self":           {small, small},
		"sk teacher":     {sk, small},
		"deeper student": {small, {Depth: 34, Width: 0.03125}},
	} {
		t.Run(name, func(t *testing.T) {
			o := standard()
			o.teacher, o.student = pair[0], pair[1]
			r := results(t, run(t, from, o))
			if r.Models["teacher"].Arch != o.teacher.String() || r.Models["student"].Arch != o.student.String() {
				t.Errorf("%s taught %s", r.Models["teacher"].Arch, r.Models["student"].Arch)
			}
			if r.Images != 6 || len(r.Classes) != 3 || r.Teacher == nil || r.Teacher.Images != 18 || r.Teacher.Known != 9 {
				t.Errorf("results of other images: %+v", r)
			}
		})
	}
}

// TestShardsAndStoresDoNotMatter: many shards, one, and replayed recipes give
// the same networks, targets and figures, byte for byte; and targets of views
// that lie in other shards are found.
func TestShardsAndStoresDoNotMatter(t *testing.T) {
	from := images(t)
	one := run(t, from, standard())
	for name, change := range map[string]func(*options){
		"many shards":  func(o *options) { o.shardBytes = 4000 },
		"recipes":      func(o *options) { o.store = "recipe" },
		"other shards": func(o *options) { o.shardBytes, o.relabelled = 2000, true },
	} {
		t.Run(name, func(t *testing.T) {
			o := standard()
			change(&o)
			other := run(t, from, o)
			for _, stage := range []string{"pretrain", "finetune"} {
				for i, w := range model(t, other, stage).Weights {
					if want := model(t, one, stage).Weights[i]; !equal(w.Data, want.Data) {
						t.Fatalf("%s: %s differs", stage, w.Name)
					}
				}
			}
			for i, w := range model(t, other, "distill").Weights {
				if want := model(t, one, "distill").Weights[i]; !equal(w.Data, want.Data) {
					t.Fatalf("distill: %s differs", w.Name)
				}
			}
			for _, file := range []string{"pretrain/metrics.jsonl", "finetune/metrics.jsonl", "distill/metrics.jsonl"} {
				if !bytes.Equal(read(t, one, file), read(t, other, file)) {
					t.Errorf("%s differs", file)
				}
			}
		})
	}
}

func equal(a, b []float32) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}
