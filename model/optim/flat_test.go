package optim

import (
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
)

func flat(t testing.TB, x *tensors.Tensor) []float32 {
	t.Helper()
	data, err := tensors.CopyFlatData[float32](x)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
