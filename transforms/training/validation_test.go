package training_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
	"github.com/retort-ml/retort/transforms/split"
	"github.com/retort-ml/retort/transforms/training"
)

// patient are options of trainings that stop early: small ones, of which looks tell
// little, so that soon one is no better.
func patient() options {
	o := standard()
	o.perClass, o.validation, o.epochs = 6, 0.5, 12
	o.stop = training.Validation{Patience: 3, Every: 2}
	return o
}

// trained is what a stage says of its training.
func trained(t *testing.T, root, stage string) (m training.Meta, points []training.Point) {
	t.Helper()
	a, err := pipelines.LoadArtifact[pipelines.None](filepath.Join(root, stage))
	if err == nil {
		err = a.Meta(&m)
	}
	if err == nil {
		points, err = training.ReadCurves(a)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m, points
}

// TestStopsEarly: the training ends where so many looks in a row were no better
// than the best, and what comes out is the network that the same training has at
// that step.
func TestStopsEarly(t *testing.T) {
	from := images(t)
	for _, by := range []string{training.ByLoss, training.ByAccuracy} {
		for _, average := range []float64{0, 0.5} {
			t.Run(fmt.Sprintf("%s/average %v", by, average), func(t *testing.T) {
				o := patient()
				o.stop.By, o.average = by, average
				root := run(t, from, o)
				stopped := 0
				for _, stage := range []string{"finetune", "distill"} {
					m, points := trained(t, root, stage)
					v := m.Validation
					if v.Stopped(m.Spec.Steps) {
						stopped++
					}
					best, since, looked := -1, 0, 0
					value := func(i int) float64 {
						if by == training.ByAccuracy {
							return -points[i].Figures[training.ValidationAccuracy]
						}
						return points[i].Figures[training.ValidationLoss]
					}
					for i := range points {
						_, ok := points[i].Figures[training.ValidationLoss]
						if want := i%2 == 1 || i == m.Spec.Steps-1; ok != want {
							t.Fatalf("%s: a look after step %d: %v", stage, i, ok)
						}
						if !ok {
							continue
						}
						looked++
						if since++; best < 0 || value(i) < value(best) {
							best, since = i, 0
						}
						if since >= 3 != (i == len(points)-1) && i != m.Spec.Steps-1 {
							t.Fatalf("%s: %d looks without a better one after step %d of %d", stage, since, i, len(points))
						}
					}
					c := model(t, root, stage)
					if c.Step != best+1 || v.Step != c.Step || v.Steps != len(points) || v.Looks != looked || c.Metrics[training.ValidationLoss] != points[best].Figures[training.ValidationLoss] {
						t.Errorf("%s: network of step %d, best look after step %d; %+v", stage, c.Step, best+1, v)
					}
					if v.Loss != points[best].Figures[training.ValidationLoss] || v.CalibratedLoss > v.Loss {
						t.Errorf("%s: %+v", stage, v)
					}
					if got, err := strconv.ParseFloat(c.Meta[train.TemperatureKey], 64); err != nil || got != v.Temperature || len(c.Meta) != 1 {
						t.Errorf("%s: temperature %q, said %v", stage, c.Meta[train.TemperatureKey], v.Temperature)
					}
				}
				if stopped == 0 {
					t.Error("no training stopped early: nothing was tested")
				}
			})
		}
	}
}

// TestValidationChangesNoStep: looks leave the training alone, and without patience
// the last network comes out.
func TestValidationChangesNoStep(t *testing.T) {
	from, o := images(t), patient()
	o.stop = training.Validation{Every: 2}
	o.epochs = 4
	looked := run(t, from, o)
	o.stop = training.Validation{Every: 1000}
	other := run(t, from, o)
	for _, stage := range []string{"finetune", "distill"} {
		m, _ := trained(t, looked, stage)
		if m.Validation.Step != m.Spec.Steps {
			t.Errorf("%s: %+v", stage, m.Validation)
		}
		a, b := model(t, looked, stage), model(t, other, stage)
		for i := range a.Weights {
			if !equal(a.Weights[i].Data, b.Weights[i].Data) {
				t.Fatalf("%s: %s differs", stage, a.Weights[i].Name)
			}
		}
		if !maps.Equal(a.Meta, b.Meta) {
			t.Errorf("%s: %v and %v", stage, a.Meta, b.Meta)
		}
	}
}

// TestCutOffEarlyStopping: cut off at every step, before and after the best look, the
// training ends with the bytes of one that was not.
func TestCutOffEarlyStopping(t *testing.T) {
	from := images(t)
	for _, average := range []float64{0, 0.5} {
		o := patient()
		o.average = average
		whole := run(t, from, o)
		m, points := trained(t, whole, "finetune")
		if !m.Validation.Stopped(m.Spec.Steps) {
			t.Fatalf("the training does not stop early: %+v", m.Validation)
		}
		for step := range len(points) - 1 {
			if (testing.Short() || average > 0) && step%3 != 0 {
				continue
			}
			root := t.TempDir()
			ctx, cancel := context.WithCancel(t.Context())
			_, err := runners.Run(ctx, build(root, from, o), runners.Options{Reporter: &stopper{stage: "finetune", step: float64(step), cancel: cancel}})
			cancel()
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("step %d: %v", step, err)
			}
			if _, err := runners.Run(t.Context(), build(root, from, o), runners.Options{}); err != nil {
				t.Fatal(err)
			}
			for _, file := range []string{training.ModelName, training.CurvesName, "manifest.json"} {
				if !bytes.Equal(read(t, root, "finetune", file), read(t, whole, "finetune", file)) {
					t.Errorf("average %v, cut off after step %d: %s differs", average, step, file)
				}
			}
		}
	}
}

// TestLabelsForValidationTeachNothing: they are apart from those that are trained on,
// do not count as hidden from the teacher, and give every model a temperature.
func TestLabelsForValidationTeachNothing(t *testing.T) {
	o := patient()
	root := run(t, images(t), o)
	a, err := pipelines.LoadArtifact[pipelines.Images](filepath.Join(root, "split"))
	if err != nil {
		t.Fatal(err)
	}
	counts := a.Manifest.Counts
	if counts["validation"] != 9 || counts["labelled"] != 9 {
		t.Fatalf("%v", counts)
	}
	if r := results(t, root); r.Teacher.Known != r.Teacher.Images-18 {
		t.Errorf("of %d images %d count as hidden; want all but the 18 with labels", r.Teacher.Images, r.Teacher.Known)
	}
	for _, m := range results(t, root).Models {
		if !(m.Temperature > 0) || m.Temperature != 1 && (m.ECEBefore == 0 || m.LossBefore == 0) {
			t.Errorf("%+v", m)
		}
	}
}

func TestValidationErrors(t *testing.T) {
	for want, v := range map[string]training.Validation{
		"Patience = -1":        {Patience: -1},
		"Every = -2":           {Every: -2},
		`By = "luck"`:          {By: "luck"},
		"set split.validation": {Patience: 2},
	} {
		if err := v.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q in: %v", want, err)
		}
	}
	if err := (&split.ByLabel{TestFraction: 0.1, Validation: 1}).Validate(); err == nil {
		t.Error("all labels are set aside")
	}
	if data, err := json.Marshal(training.Validation{}); err != nil || string(data) != "{}" {
		t.Errorf("%s %v", data, err)
	}
}
