package nn

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// floatType is the type of weights, and that networks compute in unless told
// otherwise.
const floatType = dtypes.Float32

// narrow is x as convolutions compute it.
func (b *Builder) narrow(x *Node) *Node {
	if b.BF16 {
		return as(x, dtypes.BFloat16)
	}
	return x
}

// as converts, where there is something to convert.
func as(x *Node, dtype dtypes.DType) *Node {
	if x.DType() == dtype {
		return x
	}
	return ConvertDType(x, dtype)
}
