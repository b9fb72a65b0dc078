// Barlowtwins adds an objective from outside, Barlow Twins (Zbontar et al. 2021,
// arXiv:2103.03230), and pretrains with it:
//
//	go run ./examples/barlowtwins run --preset cifar10-small --images photos/ --out runs/twins --set pretrain.objective_settings.lambda=0.01
package main

import (
	"errors"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/pipelines/config"
	"github.com/retort-ml/retort/pipelines/simclrv2"
	"github.com/retort-ml/retort/runners/program"
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
	program.Main("barlowtwins", config.Map(simclrv2.Schema, func(c simclrv2.Config) simclrv2.Config {
		c.Pretrain.Objective = "barlowtwins"
		return c
	}), build)
}

// build pretrains on images by the ready graph's settings.
func build(g *pipelines.Graph, c simclrv2.Config) error {
	e := simclrv2.Edges{Images: simclrv2.Ingest(g, c)}
	e.Sets = simclrv2.Split(g, c, e)
	e.Views = simclrv2.PretrainViews(g, c, e)
	simclrv2.Pretrain(g, c, e)
	return nil
}
