package optim

import (
	"fmt"
	"math"
)

// How the learning rate follows the batch size.
const (
	LinearScaling = "linear" // base * batch/256
	SqrtScaling   = "sqrt"   // base * sqrt(batch)
	FixedScaling  = "fixed"  // base
)

// Schedule is the learning rate over the steps of a run: linear warmup from 0,
// then a cosine to 0.
type Schedule struct {
	Base        float64 `json:"base"`
	Scaling     string  `json:"scaling,omitempty"`      // linear (the default), sqrt or fixed
	WarmupSteps int     `json:"warmup_steps,omitempty"` // see [WarmupSteps]
	// Constant stays at the peak after the warmup.
	Constant bool `json:"constant,omitempty"`
}

// Validate says what is wrong with a schedule of so many steps.
func (s Schedule) Validate(steps int) error {
	switch {
	case !(s.Base >= 0) || math.IsInf(s.Base, 0):
		return fmt.Errorf("schedule: base = %v; want 0 or more", s.Base)
	case s.Scaling != "" && s.Scaling != LinearScaling && s.Scaling != SqrtScaling && s.Scaling != FixedScaling:
		return fmt.Errorf("schedule: scaling = %q; want %s, %s or %s", s.Scaling, LinearScaling, SqrtScaling, FixedScaling)
	case s.WarmupSteps < 0 || s.WarmupSteps > steps:
		return fmt.Errorf("schedule: warmup_steps = %d; want 0 to the run's %d steps", s.WarmupSteps, steps)
	}
	return nil
}

// Peak is the learning rate at the end of the warmup, for a batch of so many
// images (pairs, in pretraining).
func (s Schedule) Peak(batch int) float64 {
	switch s.Scaling {
	case SqrtScaling:
		return s.Base * math.Sqrt(float64(batch))
	case FixedScaling:
		return s.Base
	}
	return s.Base * float64(batch) / 256
}

// At is the learning rate of a step, counted from 0, in a run of so many steps.
// With a warmup the first step's is 0; past the end the cosine stays at 0.
func (s Schedule) At(step, batch, steps int) float64 {
	peak := s.Peak(batch)
	if step < s.WarmupSteps {
		return peak * float64(step) / float64(s.WarmupSteps)
	}
	if s.Constant || steps <= s.WarmupSteps {
		return peak
	}
	done := float64(min(step, steps)-s.WarmupSteps) / float64(steps-s.WarmupSteps)
	return peak * 0.5 * (1 + math.Cos(math.Pi*done))
}

// WarmupSteps is the reference's count for a warmup of so many epochs over n
// examples: round(epochs*n // batch).
func WarmupSteps(epochs float64, n, batch int) int {
	return int(math.Round(math.Floor(epochs * float64(n) / float64(batch))))
}

// TotalSteps is the reference's count of steps: n*epochs // batch + 1.
func TotalSteps(epochs, n, batch int) int { return n*epochs/batch + 1 }
