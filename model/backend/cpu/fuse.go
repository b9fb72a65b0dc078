package cpu

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapeinference"
)

// isElementwise says whether element i of the result depends on element i of
// each operand only.
func isElementwise(op compute.OpType) bool {
	switch op {
	case opReLU, opReLUGrad, compute.OpTypeConvertDType, compute.OpTypeWhere, compute.OpTypeIsFinite, compute.OpTypeIsNaN,
		compute.OpTypeNotEqualTotalOrder:
		return true
	}
	return shapeinference.StandardUnaryOperations.Has(op) || shapeinference.AllBinaryOperations.Has(op)
}

// decideInlining marks the nodes that are computed, strip by strip, inside the
// kernel of their consumers and never lie in memory: broadcasts whose
// consumers are elementwise, and elementwise operations with one such consumer.
func (c *compiler) decideInlining() {
	returned := map[*node]bool{}
	for _, n := range c.g.outputs {
		returned[root(n)] = true
	}
	for _, n := range c.g.nodes {
		if returned[n] || len(c.uses[n]) == 0 {
			continue
		}
		broadcast := n.op == compute.OpTypeBroadcastInDim
		if !broadcast && !isElementwise(n.op) {
			continue
		}
		c.inlined[n.id] = true
		for _, user := range c.uses[n] {
			if !isElementwise(user.op) || !broadcast && user != c.uses[n][0] {
				c.inlined[n.id] = false
			}
			if byteSize(n.shape) == 0 {
				c.inlined[n.id] = false
			}
		}
	}
}
