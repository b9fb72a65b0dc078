package training_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
	"github.com/retort-ml/retort/transforms/training"
)

// TestSelectorsKeepLayers: selector k keeps k layers of the projection head, and
// linear-only training changes nothing but the classifier.
func TestSelectorsKeepLayers(t *testing.T) {
	from := images(t)
	for _, linear := range []bool{false, true} {
		for selector := range 3 {
			o := standard()
			o.selector, o.linear, o.epochs = selector, linear, 1
			root := run(t, from, o)
			encoder, layers, changed := model(t, root, "pretrain"), 0, 0
			for _, w := range model(t, root, "finetune").Weights {
				if strings.HasPrefix(w.Name, "head_supervised/") {
					continue
				}
				if strings.HasPrefix(w.Name, "head_contrastive/") && strings.HasSuffix(w.Name, "/kernel") {
					layers++
				}
				if !slices.Equal(w.Data, encoder.Find(w.Name).Data) {
					changed++
				}
			}
			if layers != selector || (changed == 0) != linear {
				t.Errorf("selector %d, linear %v: keeps %d layers, changes %d variables", selector, linear, layers, changed)
			}
		}
	}
}

// stopper cancels a run at a step of a stage.
type stopper struct {
	pipelines.Silent
	stage  string
	step   float64
	cancel context.CancelFunc
}

func (s *stopper) Metric(stage string, values map[string]float64) {
	if stage == s.stage && values["step"] == s.step {
		s.cancel()
	}
}

// TestInterruptedTrainingEndsTheSame: cut off inside an epoch, between two
// checkpoints and at one, each training ends with the bytes of one that was not,
// on every backend that is always there.
func TestInterruptedTrainingEndsTheSame(t *testing.T) {
	from := images(t)
	for _, backend := range []string{"cpu", "go"} {
		o := standard()
		o.backend = backend
		whole := run(t, from, o)
		for stage, step := range map[string]float64{"pretrain": 2, "finetune": 1, "distill": 3} {
			t.Run(backend+"/"+stage, func(t *testing.T) {
				root := t.TempDir()
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				_, err := runners.Run(ctx, build(root, from, o), runners.Options{Reporter: &stopper{stage: stage, step: step, cancel: cancel}})
				if err == nil {
					t.Fatal("the run was not interrupted")
				}
				if left, _ := filepath.Glob(filepath.Join(root, stage, ".checkpoints", "step-*")); len(left) == 0 {
					t.Fatal("no checkpoint is left")
				}
				if _, err := runners.Run(context.Background(), build(root, from, o), runners.Options{}); err != nil {
					t.Fatal(err)
				}
				for _, file := range []string{training.ModelName, training.CurvesName, "manifest.json"} {
					if !bytes.Equal(read(t, root, stage, file), read(t, whole, stage, file)) {
						t.Errorf("%s differs", file)
					}
				}
			})
		}
	}
}

// TestDamagedCheckpointsArePassedOver: whatever is wrong with what a killed
// training left, the next run says so and ends where an undisturbed one does.
func TestDamagedCheckpointsArePassedOver(t *testing.T) {
	from := images(t)
	whole := run(t, from, standard())
	for name, c := range map[string]struct {
		harm func(t *testing.T, dir string)
		say  string
	}{
		"cut short": {func(t *testing.T, dir string) {
			each(t, dir, "step-*", func(p string) error { return os.Truncate(p, 300) })
		}, "ends inside"},
		"flipped": {func(t *testing.T, dir string) {
			each(t, dir, "step-*", func(p string) error {
				data, err := os.ReadFile(p)
				data[len(data)-1] ^= 1
				return errors.Join(err, os.WriteFile(p, data, 0o644))
			})
		}, "data checksum differs"},
		"of another training": {func(t *testing.T, dir string) {
			each(t, dir, "step-*", func(p string) error {
				c, err := checkpoint.Load(p)
				if err != nil {
					return err
				}
				c.Fingerprints["stage"] = "another"
				return c.Save(p)
			})
		}, "belongs to another training"},
		"without its curve": {func(t *testing.T, dir string) {
			each(t, filepath.Dir(dir), "metrics.jsonl.part", os.Remove)
		}, "does not hold the figures of step 0"},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			_, _ = runners.Run(ctx, build(root, from, standard()), runners.Options{Reporter: &stopper{stage: "pretrain", step: 3, cancel: cancel}})
			c.harm(t, filepath.Join(root, "pretrain", ".checkpoints"))
			said := &listener{}
			if _, err := runners.Run(context.Background(), build(root, from, standard()), runners.Options{Reporter: said}); err != nil {
				t.Fatal(err)
			}
			if all := strings.Join(said.messages, "\n"); !strings.Contains(all, c.say) {
				t.Errorf("want %q in what was said:\n%s", c.say, all)
			}
			if !bytes.Equal(read(t, root, "pretrain", training.ModelName), read(t, whole, "pretrain", training.ModelName)) {
				t.Error("another network")
			}
		})
	}
}

func each(t *testing.T, dir, pattern string, do func(path string) error) {
	t.Helper()
	found, _ := filepath.Glob(filepath.Join(dir, pattern))
	if len(found) == 0 {
		t.Fatalf("no %s in %s", pattern, dir)
	}
	for _, path := range found {
		if err := do(path); err != nil {
			t.Fatal(err)
		}
	}
}

// TestObserving: figures of every step in metrics.jsonl, those that depend on
// time in events/, and nothing of that in the manifest.
func TestObserving(t *testing.T) {
	root := run(t, images(t), standard())
	for _, stage := range []string{"pretrain", "finetune", "distill"} {
		a, err := pipelines.LoadArtifact[pipelines.None](filepath.Join(root, stage))
		if err != nil {
			t.Fatal(err)
		}
		points, err := training.ReadCurves(a)
		if err != nil || len(points) != model(t, root, stage).Step {
			t.Fatalf("%s: %d points, %v", stage, len(points), err)
		}
		for i, p := range points {
			if p.Step != i || !(p.Loss >= 0) || p.Figures["accuracy"] < 0 || p.Figures["accuracy"] > 1 || !(p.Figures["entropy"] >= 0) || len(p.Figures) != 2 {
				t.Errorf("%s: %+v", stage, p)
			}
		}
		probe, err := training.ReadProbe(a)
		if err != nil || (len(probe) > 0) != (stage == "pretrain") || len(probe) > 0 && !(probe[len(probe)-1].KNNAccuracy > 0) {
			t.Errorf("%s: %d points of the probe, %v", stage, len(probe), err)
		}
		if found, _ := filepath.Glob(filepath.Join(root, stage, training.EventsDir, "events.out.tfevents.*")); len(found) != 1 {
			t.Errorf("%s: %d event files", stage, len(found))
		}
		lines := bufio.NewScanner(bytes.NewReader(read(t, root, stage, training.EventsDir, training.SpeedName)))
		for lines.Scan() {
			var s training.Speed
			if err := json.Unmarshal(lines.Bytes(), &s); err != nil || !(s.ImagesPerSecond > 0) || s.DataWaitShare < 0 || s.DataWaitShare > 1 {
				t.Errorf("%s: %s: %v", stage, lines.Text(), err)
			}
		}
		if bytes.Contains(read(t, root, stage, "manifest.json"), []byte("events")) {
			t.Errorf("%s: the manifest names events", stage)
		}
	}
}

type listener struct {
	pipelines.Silent
	messages []string
}

func (l *listener) Message(_, text string) { l.messages = append(l.messages, text) }

// TestSmallSets: a batch larger than the set becomes the set, and the manifest
// says so; a single image is no set.
func TestSmallSets(t *testing.T) {
	o := standard()
	o.batch = 1000
	root := run(t, images(t), o)
	for stage, n := range map[string]string{"pretrain": "18", "finetune": "9", "distill": "18"} {
		if m := string(read(t, root, stage, "manifest.json")); !strings.Contains(m, "batches are of "+n+" images, not of 1000") {
			t.Errorf("%s: no note of its batch", stage)
		}
	}
	s := settings(o, 8)
	if _, err := s.For(nil, 1); err == nil || !strings.Contains(err.Error(), "want at least 2") {
		t.Error(err)
	}
}

func TestSettingsErrors(t *testing.T) {
	for want, change := range map[string]func(*training.Settings){
		"Epochs = 0":        func(s *training.Settings) { s.Epochs = 0 },
		"Batch = 1":         func(s *training.Settings) { s.Batch = 1 },
		`Optimizer = "l"`:   func(s *training.Settings) { s.Optimizer = "l" },
		`Scaling = "none"`:  func(s *training.Settings) { s.Scaling = "none" },
		"LearningRate = 0":  func(s *training.Settings) { s.LearningRate = 0 },
		"WeightDecay = -1":  func(s *training.Settings) { s.WeightDecay = -1 },
		"WarmupEpochs = 9":  func(s *training.Settings) { s.WarmupEpochs = 9 },
		"KeepCheckpoints":   func(s *training.Settings) { s.KeepCheckpoints = -1 },
		"CheckpointEvery =": func(s *training.Settings) { s.CheckpointEvery = -1 },
	} {
		s := settings(standard(), 8)
		change(&s)
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q in: %v", want, err)
		}
	}
}
