// Barlowtwins adds an objective from outside, Barlow Twins (Zbontar et al. 2021,
// arXiv:2103.03230), and pretrains with it:
//
//	go run ./examples/barlowtwins photos/ runs/twins cifar10-small pretrain.objective_settings.lambda=0.01
package main

import (
	"context"
	"errors"
	"log"
	"os"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/pipelines/simclrv2"
	"github.com/retort-ml/retort/runners"
)

// BarlowTwins wants each feature to agree over two views, and (weight Lambda) no two features to.
type BarlowTwins struct {
	Lambda float64 `json:"lambda"`
}

func init() {
	objective.Register("barlowtwins", func() objective.Objective { return &BarlowTwins{Lambda: 0.0051} })
}

func (o *BarlowTwins) Validate() error {
	if !(o.Lambda > 0) {
		return errors.New("lambda must be above 0 (the paper's is 0.0051)")
	}
	return nil
}

func (*BarlowTwins) Needs() objective.Needs { return objective.Needs{Views: 2, Projection: true} }
func (*BarlowTwins) Figures() []objective.Figure {
	return []objective.Figure{{Name: "invariance"}, {Name: "redundancy"}}
}

// Loss is the sum of (1 - C_ii)² and lambda C_ij², C [D, D] correlating the views' features over the batch (Eq. 1).
func (o *BarlowTwins) Loss(x objective.Inputs) objective.Result {
	a, b := standard(x.View(x.Projection, 0)), standard(x.View(x.Projection, 1))
	c := DivScalar(DotGeneral(a, []int{0}, nil, b, []int{0}, nil), float64(x.Images))
	self := DiagonalWithValue(ScalarOne(c.Graph(), c.DType()), c.Shape().Dim(0))
	invariance := ReduceAllSum(Square(Mul(self, OneMinus(c))))
	redundancy := ReduceAllSum(Square(Mul(OneMinus(self), c)))
	return objective.Result{Loss: Add(invariance, MulScalar(redundancy, o.Lambda)), Figures: map[string]*Node{"invariance": invariance, "redundancy": redundancy}}
}

// standard makes mean 0 and variance 1 of each column.
func standard(z *Node) *Node {
	z = Sub(z, ReduceAndKeep(z, ReduceMean, 0))
	return Div(z, Sqrt(AddScalar(ReduceAndKeep(Square(z), ReduceMean, 0), 1e-6)))
}

func main() {
	if len(os.Args) < 4 {
		log.Fatal("usage: barlowtwins IMAGES OUT PRESET [KEY=VALUE]...")
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4:]...); err != nil {
		log.Fatal(err)
	}
}

// run pretrains on images by a preset of the ready graph, with settings over it.
func run(images, out, preset string, settings ...string) error {
	c, err := simclrv2.Load(preset, "", append([]string{"images=" + images, "pretrain.objective=barlowtwins"}, settings...))
	if err != nil {
		return err
	}
	g := pipelines.New("barlowtwins", pipelines.Root(out))
	e := simclrv2.Edges{Images: simclrv2.Ingest(g, c)}
	e.Sets = simclrv2.Split(g, c, e)
	e.Views = simclrv2.PretrainViews(g, c, e)
	simclrv2.Pretrain(g, c, e)
	_, err = runners.Run(context.Background(), g, runners.Options{})
	return err
}
