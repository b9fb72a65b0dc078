package training

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"strconv"
	"strings"

	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/model/calibrate"
	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/train"
)

// Figures of a look, at the steps that have one.
const (
	ValidationLoss     = "validation_loss"
	ValidationAccuracy = "validation_accuracy"
)

// looks is what a training knows of the looks at it so far. It goes with every
// checkpoint, and so does the best network: a training that goes on from there
// decides as it would have.
type looks struct {
	Count   int                `json:"count"`
	Since   int                `json:"since"`          // looks after the best
	Step    int                `json:"step,omitempty"` // of the best; 0: none yet
	Value   float64            `json:"value,omitempty"`
	Metrics map[string]float64 `json:"metrics,omitempty"` // of the best
}

// looksKey is where a checkpoint of a running training has them, and bestPrefix
// begins the names of the tensors of the best network there, among the optimiser's.
const (
	looksKey   = "looks"
	bestPrefix = "best/"
	bestSlots  = "slots/"
)

// heldBatch is how many images a look computes at once.
const heldBatch = 64

// validator looks at a training.
type validator struct {
	held      *Held
	steps     int // planned
	classes   int
	backend   *backend.Choice
	predictor *train.Predictor
	looks     looks
	best      *checkpoint.Checkpoint // finished; nil before the first look, and without patience
}

// due says whether there is a look after a step (they count from 0).
func (v *validator) due(step int) bool {
	return v != nil && ((step+1)%v.held.every(v.steps) == 0 || step+1 == v.steps)
}

// look measures a network after its step and tells whether the training may end.
// The figures go into metrics.
func (v *validator) look(c *checkpoint.Checkpoint, metrics map[string]float64) (enough bool, err error) {
	c = train.Finished(c)
	logits, labels, err := v.predict(c)
	if err != nil {
		return false, err
	}
	loss, accuracy := calibrate.Loss(logits, labels, v.classes, 1), calibrate.Accuracy(logits, labels, v.classes)
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return false, fmt.Errorf("step %d: the loss on the images for validation is %v (lower the learning rate, or lengthen the warmup)", c.Step-1, loss)
	}
	metrics[ValidationLoss], metrics[ValidationAccuracy] = loss, accuracy
	value, better := loss, loss < v.looks.Value
	if v.held.By == ByAccuracy {
		value, better = accuracy, accuracy > v.looks.Value
	}
	v.looks.Count++
	v.looks.Since++
	if better || v.looks.Step == 0 {
		v.looks.Since, v.looks.Step, v.looks.Value, v.looks.Metrics = 0, c.Step, value, maps.Clone(metrics)
		if v.held.Patience > 0 {
			v.best = c
		}
	}
	return v.held.Patience > 0 && v.looks.Since >= v.held.Patience, nil
}

// predict computes all images.
func (v *validator) predict(c *checkpoint.Checkpoint) (logits []float32, labels []int32, err error) {
	if v.predictor == nil {
		v.predictor, err = train.NewPredictor(v.backend.Backend, c, min(heldBatch, v.held.Count))
	} else {
		err = v.predictor.Load(c)
	}
	if err != nil {
		return nil, nil, err
	}
	for b, err := range v.held.All {
		if err != nil {
			return nil, nil, err
		}
		some, _, err := v.predictor.Predict(b.Pixels)
		if err != nil {
			return nil, nil, err
		}
		logits, labels = append(logits, some...), append(labels, b.Labels...)
	}
	return logits, labels, nil
}

// meta is what a checkpoint's Meta says of the looks.
func (v *validator) meta() (map[string]string, error) {
	data, err := json.Marshal(v.looks)
	return map[string]string{looksKey: string(data)}, err
}

// attach puts the best network into a checkpoint of the running training.
func (v *validator) attach(c *checkpoint.Checkpoint) {
	if v == nil || v.best == nil {
		return
	}
	for _, t := range v.best.Weights {
		t.Name = bestPrefix + t.Name
		c.Optimizer = append(c.Optimizer, t)
	}
	for _, t := range v.best.Optimizer {
		t.Name = bestPrefix + bestSlots + t.Name
		c.Optimizer = append(c.Optimizer, t)
	}
}

// restore takes up the looks of a checkpoint. The error says why that cannot be.
func (v *validator) restore(c *checkpoint.Checkpoint) error {
	if v == nil {
		return nil
	}
	v.looks, v.best = looks{}, nil
	text, ok := c.Meta[looksKey]
	if !ok {
		return nil
	}
	if err := json.Unmarshal([]byte(text), &v.looks); err != nil {
		return fmt.Errorf("what it says of the looks at the training does not parse: %w", err)
	}
	if v.held.Patience == 0 || v.looks.Step == 0 {
		return nil
	}
	v.best = &checkpoint.Checkpoint{State: c.State}
	v.best.Step, v.best.Metrics = v.looks.Step, v.looks.Metrics
	for _, t := range c.Optimizer {
		name, ok := strings.CutPrefix(t.Name, bestPrefix)
		if !ok {
			continue
		}
		if t.Name, ok = strings.CutPrefix(name, bestSlots); ok {
			v.best.Optimizer = append(v.best.Optimizer, t)
		} else {
			v.best.Weights = append(v.best.Weights, t)
		}
	}
	if len(v.best.Weights) != len(c.Weights) {
		return fmt.Errorf("of the best network it holds %d variables, of %d", len(v.best.Weights), len(c.Weights))
	}
	return nil
}

// conclude is the network that comes out, with its temperature: last, or with
// patience the best.
func (v *validator) conclude(last *checkpoint.Checkpoint) (*checkpoint.Checkpoint, *Validated, error) {
	c := *last
	if v.best != nil {
		c = *v.best
	}
	logits, labels, err := v.predict(&c)
	if err != nil {
		return nil, nil, err
	}
	t := calibrate.Temperature(logits, labels, v.classes)
	c.Meta = map[string]string{train.TemperatureKey: strconv.FormatFloat(t, 'g', -1, 64)}
	return &c, &Validated{Images: len(labels), Looks: v.looks.Count, Steps: last.Step, Step: c.Step,
		Accuracy: calibrate.Accuracy(logits, labels, v.classes), Loss: calibrate.Loss(logits, labels, v.classes, 1),
		Temperature: t, CalibratedLoss: calibrate.Loss(logits, labels, v.classes, t)}, nil
}

// say tells people what came of it.
func (v *Validated) say(planned int) string {
	text := fmt.Sprintf("on %d images for validation: accuracy %.1f %%, loss %.4g, no temperature that is better by more than chance", v.Images, 100*v.Accuracy, v.Loss)
	if v.Temperature != 1 {
		text = fmt.Sprintf("on %d images for validation: accuracy %.1f %%, loss %.4g, with temperature %.3g %.4g", v.Images, 100*v.Accuracy, v.Loss, v.Temperature, v.CalibratedLoss)
	}
	switch {
	case v.Stopped(planned):
		text = fmt.Sprintf("stopped after step %d of %d, the network is that of step %d; ", v.Steps, planned, v.Step) + text
	case v.Step < v.Steps:
		text = fmt.Sprintf("the network is that of step %d of %d; ", v.Step, v.Steps) + text
	}
	return text
}
