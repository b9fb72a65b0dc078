package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"

	"github.com/retort-ml/retort/model/backend/cpu/internal/kernels"
)

// takeMomentsInConvs has a forward convolution take the moments of its result, part
// by part while that lies in the cache, for the normalisation that reads it.
func (g *graph) takeMomentsInConvs() {
	for _, n := range slices.Clone(g.nodes) {
		if n.op != compute.OpTypeBatchNormForTraining || n.inputs[0].op != opConv {
			continue
		}
		conv := n.inputs[0]
		step := conv.attr.(convStep)
		if step.form != formForward || step.residual {
			continue
		}
		step.moments = true
		channels := n.results[1]
		both := g.append(&node{op: opConv, shape: conv.shape, attr: step, inputs: conv.inputs,
			results: []shapes.Shape{conv.shape, channels, channels}})
		list := []*node{both}
		for i, shape := range both.results {
			list = append(list, g.append(&node{op: opResult, shape: shape, attr: i, inputs: []*node{both}}))
		}
		inputs := slices.Concat([]*node{list[1]}, n.inputs[1:3], list[2:], n.inputs[3:])
		y := g.append(&node{op: opNormApply, shape: n.results[0], attr: n.attr, inputs: inputs})
		for _, m := range list { // in their places of the order
			m.id = conv.id
		}
		y.id = n.id
		uses := g.uses()
		g.replace(conv, list[1])
		for i, by := range []*node{y, list[2], list[3]} {
			if old := result(n, i, uses); old != nil {
				g.replace(old, by)
			}
		}
	}
}

// lowerNormApply lowers a normalisation by given moments: operands are x, scale,
// offset, mean and variance, and the residual if there is one.
func lowerNormApply(c *compiler, n *node) error {
	r := c.slotsOf(n.inputs)
	out, all, channels := c.newSlot(n), n.shape.Size(), n.inputs[1].shape.Size()
	attr := n.attr.(normAttr)
	b := kernels.BatchNorm{Rows: all / max(1, channels), C: channels, Eps: attr.epsilon}
	st := step{op: "BatchNormApply", reads: r, writes: []int{out}}
	if n.op == opNormAgain {
		st.op = "BatchNormAgain"
	} else {
		st.reuse = []int{r[0]}
	}
	if attr.residual {
		st.reuse = append(st.reuse, r[5])
	}
	st.bind = func(fr *frame) func() {
		return func() {
			if all == 0 {
				return
			}
			var residual []float32
			if attr.residual {
				residual = fr.f32(r[5], all)
			}
			b.Apply(fr.f32(out, all), fr.f32(r[0], all), fr.f32(r[1], channels), fr.f32(r[2], channels),
				fr.f32(r[3], channels), fr.f32(r[4], channels), residual, attr.relu)
		}
	}
	c.emit(st)
	return nil
}
