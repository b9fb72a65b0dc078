package main

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/retort-ml/retort/internal/stagetest"
	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/pipelines/simclrv2"
	"github.com/retort-ml/retort/runners"
	"github.com/retort-ml/retort/transforms/training"
)

// The outputs of a projection head of width 3 for two views of 4 images.
var (
	first  = [][]float32{{0.5, -1.25, 2}, {1.5, 0.75, -0.5}, {-0.25, 1, 0.125}, {2, -0.5, 1}}
	second = [][]float32{{0.75, -1, 1.5}, {1.25, 0.5, -0.25}, {0.5, 1.5, 0.5}, {1, -0.75, 1.25}}
)

// TestLossIsEquation1 holds the loss to the equation, written out in float64,
// and to what Python makes of it:
//
//	def standard(z): return [[(x-mean(c))/sqrt(pvariance(c)+1e-6) for x in c] for c in zip(*z)]
//	c = [[sum(x*y for x, y in zip(a, b))/4 for b in standard(second)] for a in standard(first)]
//	sum((1-c[i][i])**2 if i == j else 0.0051*c[i][j]**2 for i in range(3) for j in range(3))
func TestLossIsEquation1(t *testing.T) {
	b, err := backend.New("cpu")
	if err != nil {
		t.Fatal(err)
	}
	o := &BarlowTwins{Lambda: 0.0051}
	out, err := graph.CallOnceN(b.Backend, func(g *graph.Graph) []*graph.Node {
		r := o.Loss(objective.Inputs{Images: 4, Projection: graph.Const(g, append(first[:4:4], second...))})
		return []*graph.Node{r.Loss, r.Figures["invariance"], r.Figures["redundancy"]}
	})
	if err != nil {
		t.Fatal(err)
	}
	loss, invariance, redundancy := reference(0.0051)
	if math.Abs(loss-python) > 1e-9 {
		t.Errorf("the reference is %.12f; Python's is %.12f", loss, python)
	}
	for i, want := range []float64{loss, invariance, redundancy} {
		if got := float64(tensors.ToScalar[float32](out[i])); math.Abs(got-want) > 1e-5*want {
			t.Errorf("value %d is %v; want %v", i, got, want)
		}
	}
}

const python = 0.0319280080800002

// reference is the equation with loops.
func reference(lambda float64) (loss, invariance, redundancy float64) {
	column := func(z [][]float32, j int) (x [4]float64) {
		mean, variance := 0.0, 0.0
		for i := range x {
			x[i] = float64(z[i][j])
			mean += x[i] / 4
		}
		for i := range x {
			x[i] -= mean
			variance += x[i] * x[i] / 4
		}
		for i := range x {
			x[i] /= math.Sqrt(variance + 1e-6)
		}
		return x
	}
	for i := range 3 {
		for j := range 3 {
			a, b, c := column(first, i), column(second, j), 0.0
			for k := range a {
				c += a[k] * b[k] / 4
			}
			if i == j {
				invariance += (1 - c) * (1 - c)
			} else {
				redundancy += c * c
			}
		}
	}
	return invariance + lambda*redundancy, invariance, redundancy
}

// TestPretraining: the loss falls, and its figures are in the curves.
func TestPretraining(t *testing.T) {
	images, out := stagetest.Folder(t, 16, 12, "across", "along"), t.TempDir()
	c, err := simclrv2.Load("smoke", "", []string{"images=" + images, "pretrain.objective=barlowtwins", "size=16", "teacher.width=0.0625", "pretrain.batch=12", "pretrain.epochs=12",
		"pretrain.optimizer=adam", "pretrain.lr=0.01", "pretrain.lr_scaling=none", "pretrain.head_dim=8", "pretrain.warmup_epochs=0"})
	if err != nil {
		t.Fatal(err)
	}
	g := pipelines.New("barlowtwins", pipelines.Root(out))
	if err := build(g, c); err != nil {
		t.Fatal(err)
	}
	if _, err := runners.Run(t.Context(), g, runners.Options{}); err != nil {
		t.Fatal(err)
	}
	trained, err := pipelines.LoadArtifact[pipelines.Encoder](filepath.Join(out, "pretrain"))
	if err != nil {
		t.Fatal(err)
	}
	points, err := training.ReadCurves(trained)
	if err != nil || len(points) < 8 {
		t.Fatal(len(points), err)
	}
	mean := func(points []training.Point) (sum float64) {
		for _, p := range points {
			sum += p.Loss / float64(len(points))
			if len(p.Figures) != 2 || p.Figures["invariance"] < 0 || p.Figures["redundancy"] < 0 {
				t.Errorf("%+v", p)
			}
		}
		return sum
	}
	if begin, end := mean(points[:4]), mean(points[len(points)-4:]); !(end < 0.8*begin) {
		t.Errorf("the loss goes from %v to %v", begin, end)
	}
}
