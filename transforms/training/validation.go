package training

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/retort-ml/retort/pipelines"
)

// Validation is how labels that a training does not learn from accompany it. With
// Images the loss on them is among the figures, and the classifier gets the
// temperature that makes its probabilities honest about them. Its fields are part
// of a stage's config.
type Validation struct {
	// Images are images with labels, none of which is trained on.
	Images pipelines.Edge[pipelines.Images] `json:",omitzero"`
	// Patience, if above 0, ends the training after so many looks in a row that were
	// no better than the best before; what comes out is the network of the best.
	Patience int `json:",omitempty"`
	// Every is how many steps lie between two looks; 0 is a twentieth of the training.
	Every int `json:",omitempty"`
	// By says which look is better: one with less loss, or with more accuracy. Empty
	// is ByLoss.
	By string `json:",omitempty"`
	// MaxPixels and Exact are how the images are decoded, as evaluate.Stage has them.
	MaxPixels int64 `json:",omitempty"`
	Exact     bool  `json:",omitempty"`
}

// What Validation.By may be.
const (
	ByLoss     = "loss"
	ByAccuracy = "accuracy"
)

var ways = []string{ByLoss, ByAccuracy}

// Validate reports what is wrong with the config.
func (v *Validation) Validate() error {
	switch {
	case v.Patience < 0:
		return fmt.Errorf("Patience = %d; want at least 0", v.Patience)
	case v.Every < 0:
		return fmt.Errorf("Every = %d; want at least 0", v.Every)
	case v.By != "" && !slices.Contains(ways, v.By):
		return fmt.Errorf("By = %q; want one of %s", v.By, strings.Join(ways, ", "))
	case v.Patience > 0 && v.Images.IsZero():
		return fmt.Errorf("patience = %d needs images with labels that are not trained on (set split.validation, such as 0.2)", v.Patience)
	}
	return nil
}

// looksOfATraining is how often a training is looked at where Every does not say it.
const looksOfATraining = 20

// every is the number of steps between two looks at a training of so many.
func (v *Validation) every(steps int) int {
	if v.Every > 0 {
		return v.Every
	}
	return max(1, steps/looksOfATraining)
}

// Held are the images of a Validation as a network sees them.
type Held struct {
	Validation
	Count int // of images
	// All yields the images' pixels with their labels, some at a time, always the same
	// ones in the same order.
	All iter.Seq2[HeldBatch, error]
}

// HeldBatch are some images.
type HeldBatch struct {
	Pixels []uint8 // [n, H, W, 3]
	Labels []int32 // [n]
}

// Validated is what a Validation came to.
type Validated struct {
	Images int `json:"images"`
	Looks  int `json:"looks"`
	// Steps is how many the training did, Step those of the network that came out.
	Steps int `json:"steps"`
	Step  int `json:"step"`
	// Figures of that network on the images: cross entropy in nats, at temperature 1
	// and at Temperature.
	Accuracy       float64 `json:"accuracy"`
	Loss           float64 `json:"loss"`
	Temperature    float64 `json:"temperature"`
	CalibratedLoss float64 `json:"calibrated_loss"`
}

// Stopped says whether the training ended before its last step.
func (v *Validated) Stopped(planned int) bool { return v != nil && v.Steps < planned }
