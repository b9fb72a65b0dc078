package train

import (
	"fmt"
	"math"
	"strconv"

	"github.com/gomlx/compute"
	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/nn"
)

// Predictor applies a trained network. It is safe for concurrent use as far as
// the backend is.
type Predictor struct {
	*inference
	classes     []string
	temperature float64
}

// TemperatureKey is where a classifier's checkpoint has its temperature
// ([checkpoint.State]'s Meta), as a decimal number.
const TemperatureKey = "temperature"

// Temperature is what a checkpoint's logits are to be divided by before the softmax,
// for probabilities that are calibrated: 1 where none was fitted.
func Temperature(c *checkpoint.Checkpoint) (float64, error) {
	text, ok := c.Meta[TemperatureKey]
	if !ok {
		return 1, nil
	}
	t, err := strconv.ParseFloat(text, 64)
	if err != nil || !(t > 0) || math.IsInf(t, 0) {
		return 0, fmt.Errorf("train: the checkpoint's temperature is %q; want a number above 0", text)
	}
	return t, nil
}

// NewPredictor puts a checkpoint's network on a backend. batch is the number of
// images computed at once. how, at most one, says how to compute: of it BF16.
func NewPredictor(b compute.Backend, c *checkpoint.Checkpoint, batch int, how ...Compute) (*Predictor, error) {
	spec, err := parseSpec(c.Spec)
	if err != nil {
		return nil, err
	}
	n, err := newInference(b, spec, batch, how, func(b *nn.Builder, images nn.Map) []nn.Map {
		o := spec.applied(b, images)
		return []nn.Map{o.features, o.logits}
	})
	if err != nil {
		return nil, err
	}
	p := &Predictor{inference: n, classes: c.Classes}
	if p.temperature, err = Temperature(c); err != nil {
		return nil, err
	}
	return p, p.load(c)
}

// Load takes the weights of another checkpoint of the same network: what was
// compiled is used again. It must not be called while Predict runs.
func (p *Predictor) Load(c *checkpoint.Checkpoint) error {
	spec, err := parseSpec(c.Spec)
	if err != nil {
		return err
	}
	if spec.shape() != p.spec.shape() || spec.Classes != p.spec.Classes {
		return fmt.Errorf("train: the checkpoint holds another network (%s) than the predictor was made for (%s)", spec.shape(), p.spec.shape())
	}
	t, err := Temperature(c)
	if err != nil {
		return err
	}
	if err := p.load(c); err != nil {
		return err
	}
	p.classes, p.temperature = c.Classes, t
	return nil
}

// Spec is the specification that the network was trained with.
func (p *Predictor) Spec() Spec { return p.spec }

// Classes are the names of the logits, if the checkpoint has them.
func (p *Predictor) Classes() []string { return p.classes }

// Temperature is the checkpoint's ([Temperature]). Predict's logits are not divided
// by it.
func (p *Predictor) Temperature() float64 { return p.temperature }

// FeatureDim is the length of an image's features.
func (p *Predictor) FeatureDim() int { return p.spec.Arch.Features() }

// applied builds what those who use a network need of it, whatever it was trained
// for: the projection head ends where the supervised head sits.
func (s Spec) applied(b *nn.Builder, images nn.Map) outputs {
	return s.network(b, images, s.Selector, false)
}

// Predict computes any number of images, uint8 [n, H, W, 3] of the size that
// the network was trained on -> logits [n, Classes] (nil for a network without
// a supervised head) and the encoder's features [n, FeatureDim]. Moving
// statistics are used: an image's result does not depend on its company.
func (p *Predictor) Predict(images []uint8) (logits, features []float32, err error) {
	all, err := p.apply(images)
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("train: cannot predict: %w", err)
	case len(all) == 0:
		return nil, nil, nil
	case len(all) == 1:
		return nil, all[0], nil
	}
	return all[1], all[0], nil
}
