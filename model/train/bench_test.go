package train

import (
	"testing"

	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/model/optim"
	"github.com/retort-ml/retort/model/resnet"
)

// BenchmarkPairs is the pretraining step of ResNet-18 at width 0.25, 32 pixels,
// 64 pairs.
func BenchmarkPairs(b *testing.B) {
	s := Spec{Arch: resnet.Config{Depth: 18, Width: 0.25}, ImageSize: 32, Objective: objective.NTXent, HeadLayers: 3, HeadDim: 128,
		Temperature: 0.2, Optimizer: optim.NewLARS(1e-4), Schedule: optim.Schedule{Base: 0.1}, Batch: 64, Steps: 1 << 30, Seed: 1}
	tr, err := New(open(b), s)
	if err == nil {
		err = tr.InitRandom()
	}
	if err != nil {
		b.Fatal(err)
	}
	for batch, err := range random(s)(0) {
		if err != nil {
			b.Fatal(err)
		}
		if _, err := tr.TrainStep(batch); err != nil { // compiles
			b.Fatal(err)
		}
		b.ResetTimer()
		for range b.N {
			if _, err := tr.TrainStep(batch); err != nil {
				b.Fatal(err)
			}
		}
		break
	}
	b.ReportMetric(float64(b.N*s.Batch)/b.Elapsed().Seconds(), "pairs/s")
	b.ReportMetric(float64(s.StepFLOPs())*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

// BenchmarkLabel is inference: images a second.
func BenchmarkLabel(b *testing.B) {
	for _, c := range []struct {
		name        string
		depth, size int
		width       float64
		batch       int
	}{{"r18w025-32", 18, 32, 0.25, 128}, {"r18-32", 18, 32, 1, 64}, {"r50-224", 50, 224, 1, 8}} {
		b.Run(c.name, func(b *testing.B) {
			s := Spec{Arch: resnet.Config{Depth: c.depth, Width: c.width}, ImageSize: c.size, Classes: 10, Objective: objective.Supervised,
				Optimizer: optim.SGD(0), Schedule: optim.Schedule{Base: 0.1}, Batch: 2, Steps: 1}
			checkpoint, err := started(b, s).Checkpoint()
			if err != nil {
				b.Fatal(err)
			}
			p, err := NewPredictor(open(b), checkpoint, c.batch)
			if err != nil {
				b.Fatal(err)
			}
			images := make([]uint8, c.batch*c.size*c.size*3)
			predict := func() {
				if _, _, err := p.Predict(images); err != nil {
					b.Fatal(err)
				}
			}
			predict() // compiles
			b.ResetTimer()
			for range b.N {
				predict()
			}
			b.ReportMetric(float64(b.N*c.batch)/b.Elapsed().Seconds(), "images/s")
			b.ReportMetric(float64(s.Declaration().FLOPs)*float64(b.N*c.batch)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}
