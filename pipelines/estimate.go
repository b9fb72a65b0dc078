package pipelines

import "context"

// Estimate is how much work a stage that runs is thought to be. Zero fields
// are unknown or nothing.
type Estimate struct {
	Images int64
	Views  int64
	Bytes  int64
	Steps  int64
	// AtMost is of a training that may stop early: Steps and hours are its limit.
	AtMost   bool
	CPUHours float64 // of one core
	GPUHours float64
	// Ports are images by port, of a stage with parts.
	Ports map[string]int64
	// ImageFLOPs is what the network that the stage makes costs an image, forward.
	ImageFLOPs int64
}

// What one core and one GPU are taken to do in a second when work is estimated:
// the order of magnitude of what the CPU engine reaches on AVX-512, and a large
// GPU on a ResNet in half precision.
const (
	CoreFLOPs = 30e9
	GPUFLOPs  = 100e12
)

// Compute sets the hours that so many operations take.
func (e *Estimate) Compute(flops float64) {
	e.CPUHours, e.GPUHours = flops/CoreFLOPs/3600, flops/GPUFLOPs/3600
}

// Estimator is a stage that can say how much work it is, from what is known of
// the stages before it. One with inputs is asked when it is kept, too.
type Estimator interface {
	Estimate(ctx context.Context, known Known) Estimate
}

// Known is what is known of the stages before one: counts of those that are
// kept, estimates of the others.
type Known struct {
	node  *node
	steps map[string]Step
}

// In is how many images the input by position has; 0 is unknown.
func (k Known) In() int64 {
	if k.node.in == nil || k.node.in.IsZero() {
		return 0
	}
	return k.count(k.node.in.source(), k.node.inPort)
}

// InStep is the stage that the input by position comes from.
func (k Known) InStep() Step {
	if k.node.in == nil || k.node.in.IsZero() {
		return Step{}
	}
	return k.steps[k.node.in.source().name]
}

// Images is how many images an edge carries; 0 is unknown.
func (k Known) Images(e Input) int64 {
	if e.IsZero() || e.source() == nil {
		return 0
	}
	return k.count(e.source(), e.part())
}

// Step is the stage that an edge comes from.
func (k Known) Step(e Input) Step {
	if e.IsZero() || e.source() == nil {
		return Step{}
	}
	return k.steps[e.source().name]
}

// Count is a count of the stage that the input by position comes from: of its
// manifest, or a port of its estimate.
func (k Known) Count(name string) int64 {
	if k.node.in == nil || k.node.in.IsZero() {
		return 0
	}
	return k.count(k.node.in.source(), name)
}

func (k Known) count(n *node, port string) int64 {
	s := k.steps[n.name]
	if s.Manifest != nil {
		name := port
		if port == "" {
			name = "images"
		}
		if count, counted := s.Manifest.Counts[name]; counted {
			return count
		}
	}
	if port != "" {
		return s.Estimate.Ports[port]
	}
	return s.Estimate.Images
}
