package train

import (
	"context"
	"iter"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/model/optim"
	"github.com/retort-ml/retort/model/resnet"
)

func open(t testing.TB) compute.Backend {
	t.Helper()
	c, err := backend.New(testBackend())
	if err != nil {
		t.Fatal(err)
	}
	return c.Backend
}

// resolved is a specification with its objective, which must be good.
func resolved(s Spec) task {
	t, err := s.resolve()
	if err != nil {
		panic(err)
	}
	return t
}

func tiny(task objective.Name) Spec {
	s := Spec{Arch: resnet.Config{Depth: 18, Width: 0.0625}, ImageSize: 8, Classes: 3, Objective: task, HeadLayers: 2, HeadDim: 8,
		Temperature: 0.5, Alpha: 1, Optimizer: optim.NewLARS(1e-4), Schedule: optim.Schedule{Base: 1, WarmupSteps: 1},
		Batch: 6, Steps: 6, Seed: 3}
	if !resolved(s).needs.Projection {
		s.Selector = 1
	}
	return s
}

// random yields batches that depend on the step alone; the buffers are reused.
func random(s Spec) Data {
	return func(step int) iter.Seq2[Batch, error] {
		return func(yield func(Batch, error) bool) {
			b := Batch{Images: make([]uint8, resolved(s).rows()*s.ImageSize*s.ImageSize*3), Labels: make([]int32, s.Batch)}
			if resolved(s).needs.Targets {
				b.Targets = make([]float32, s.Batch*s.Classes)
			}
			for ; ; step++ {
				r := rand.New(rand.NewPCG(uint64(step), 9))
				for i := range b.Images {
					b.Images[i] = uint8(r.Uint32())
				}
				for i := range b.Labels {
					b.Labels[i] = int32(r.IntN(max(1, s.Classes)))
				}
				for i := range b.Targets {
					b.Targets[i] = float32(r.NormFloat64())
				}
				if !yield(b, nil) {
					return
				}
			}
		}
	}
}

// TestEveryObjectiveFits trains for each registered objective, that of a test
// among them, and applies what comes out.
func TestEveryObjectiveFits(t *testing.T) {
	b := open(t)
	for _, task := range objective.Names() {
		t.Run(string(task), func(t *testing.T) {
			s := tiny(task)
			tr, err := New(b, s)
			if err != nil {
				t.Fatal(err)
			}
			if err := tr.InitRandom(); err != nil {
				t.Fatal(err)
			}
			steps := 0
			err = tr.Fit(context.Background(), random(s), Hooks{Step: func(m Metrics) error {
				steps++
				t.Logf("%+v", m)
				return nil
			}})
			if err != nil || steps != s.Steps || tr.Step() != s.Steps {
				t.Fatalf("%d steps, %v", steps, err)
			}
			c, err := tr.Checkpoint()
			if err != nil {
				t.Fatal(err)
			}
			p, err := NewPredictor(b, c, 4)
			if err != nil {
				t.Fatal(err)
			}
			logits, features, err := p.Predict(make([]uint8, 5*8*8*3))
			if err != nil || len(logits) != 5*3 || len(features) != 5*p.FeatureDim() {
				t.Fatalf("%d logits, %d features, %v", len(logits), len(features), err)
			}
		})
	}
}
