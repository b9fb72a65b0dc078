package train

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/model/optim"
	"github.com/retort-ml/retort/model/resnet"
)

// TestFirstFiftySteps trains on our engine and on another (that of the tests, or
// our own with all activations computed again) from the same weights on the same
// batches. Roundings differ, and training amplifies them: of the losses the first
// step may differ by 1e-5, the first ten by 1e-3, all fifty by 5e-2, relative;
// the mean of the last ten by 1e-2.
func TestFirstFiftySteps(t *testing.T) {
	const steps = 50
	s := Spec{Arch: resnet.Config{Depth: 18, Width: 0.125}, ImageSize: 16, Classes: 4, Objective: objective.NTXent, HeadLayers: 3, HeadDim: 32,
		Temperature: 0.2, Optimizer: optim.NewLARS(1e-4), Schedule: optim.Schedule{Base: 0.02, WarmupSteps: 10}, Batch: 32, Steps: steps, Seed: 11}
	train := func(name string, how Compute) (losses []float64) {
		c, err := backend.New(name)
		if err != nil {
			t.Fatal(err)
		}
		tr, err := New(c.Backend, s, how)
		if err == nil {
			err = tr.InitRandom()
		}
		if err == nil {
			err = tr.Fit(context.Background(), random(s), Hooks{Step: func(m Metrics) error { losses = append(losses, m.Loss); return nil }})
		}
		if err != nil {
			t.Fatal(err)
		}
		return losses
	}
	other, how := testBackend(), Compute{}
	if !strings.HasPrefix(other, "xla") {
		other, how = "cpu", Compute{Remat: true}
	}
	ours, theirs := train("cpu", Compute{}), train(other, how)
	var ends [2]float64
	worst := map[int]float64{}
	for i := range ours {
		apart := math.Abs(theirs[i]-ours[i]) / ours[i]
		allowed := 5e-2
		for _, within := range []struct {
			steps   int
			allowed float64
		}{{1, 1e-5}, {10, 1e-3}} {
			if i < within.steps {
				allowed = min(allowed, within.allowed)
				worst[within.steps] = max(worst[within.steps], apart)
			}
		}
		worst[steps] = max(worst[steps], apart)
		if !(apart <= allowed) {
			t.Errorf("step %d: the loss is %v on %s, %v on cpu: %.2g apart, %.2g allowed", i, theirs[i], other, ours[i], apart, allowed)
		}
		if i >= steps-10 {
			ends[0], ends[1] = ends[0]+ours[i]/10, ends[1]+theirs[i]/10
		}
	}
	t.Logf("%s against cpu: the first loss %.2g apart, the first ten at most %.2g, all fifty %.2g; the last ten are %.4f and %.4f on average",
		other, worst[1], worst[10], worst[steps], ends[1], ends[0])
	if apart := math.Abs(ends[0]-ends[1]) / ends[0]; !(apart <= 1e-2) {
		t.Errorf("the last ten losses are %.2g apart on average", apart)
	}
}
