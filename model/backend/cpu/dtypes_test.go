package cpu

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/compute/shapeinference"
)

// valuesOf is n values of a data type that no operation finds special.
func valuesOf(r *rand.Rand, dtype dtypes.DType, n int) any {
	out := reflect.MakeSlice(reflect.SliceOf(dtype.GoType()), n, n)
	for i := range n {
		small := 1 + r.IntN(12)
		v := float32(small) / 4
		if r.IntN(3) == 0 {
			v = -v
		}
		var x any
		switch {
		case dtype == dtypes.Bool:
			x = small > 6
		case dtype == dtypes.Float16:
			x = float16.FromFloat32(v)
		case dtype == dtypes.BFloat16:
			x = bfloat16.FromFloat32(v)
		case dtype.IsFloat():
			x = v
		default:
			x = small
		}
		out.Index(i).Set(reflect.ValueOf(x).Convert(dtype.GoType()))
	}
	return out.Interface()
}

// widest converts half-precision values, which reflect takes for integers.
func widest(flat any) any {
	switch x := flat.(type) {
	case []float16.Float16:
		out := make([]float32, len(x))
		for i, v := range x {
			out[i] = v.Float32()
		}
		return out
	case []bfloat16.BFloat16:
		out := make([]float32, len(x))
		for i, v := range x {
			out[i] = v.Float32()
		}
		return out
	}
	return flat
}

// TestEveryDTypeOfElementwise compares every elementwise operation on every
// data type with GoMLX's slow backend, where that one has it.
func TestEveryDTypeOfElementwise(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	compared := 0
	for op := compute.OpTypeInvalid + 1; op < compute.OpTypeLast; op++ {
		arity := 0
		switch {
		case !isElementwise(op) || shapeinference.ComplexOperations.Has(op):
			continue
		case shapeinference.StandardUnaryOperations.Has(op) || op == compute.OpTypeIsFinite || op == compute.OpTypeIsNaN:
			arity = 1
		case op != compute.OpTypeWhere && op != compute.OpTypeConvertDType:
			arity = 2
		default:
			continue
		}
		for dtype := range supportedDTypes {
			var in []input
			for range arity {
				in = append(in, input{valuesOf(r, dtype, 70), []int{70}})
			}
			build := func(f fn, p values) (values, error) {
				var args []reflect.Value
				for _, v := range p {
					args = append(args, reflect.ValueOf(v))
				}
				out := reflect.ValueOf(f).MethodByName(op.String()).Call(args)
				err, _ := out[1].Interface().(error)
				v, _ := out[0].Interface().(value)
				return values{v}, err
			}
			want, wantErr := execFlat(slow(t), in, build)
			got, err := execFlat(fast(t), in, build)
			if wantErr != nil {
				continue
			}
			tolerance := 1e-5
			if isHalf(dtype) {
				tolerance = 1e-2
			}
			compared++
			if err != nil || !alike(widest(want[0]), widest(got[0]), tolerance) {
				t.Errorf("%s of %s: %v, %v; want %v", op, dtype, got, err, want)
			}
		}
	}
	t.Logf("%d operations on data types compared", compared)
}

// TestEveryConversion compares all conversions between data types.
func TestEveryConversion(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for from := range supportedDTypes {
		for to := range supportedDTypes {
			in := []input{{valuesOf(r, from, 30), []int{30}}}
			build := func(f fn, p values) (values, error) { return one(f.ConvertDType(p[0], to)) }
			want, wantErr := execFlat(slow(t), in, build)
			got, err := execFlat(fast(t), in, build)
			if wantErr != nil {
				continue
			}
			if to.IsUnsigned() && from.IsFloat() {
				continue // negative values: Go leaves them to the machine
			}
			if err != nil || !alike(widest(want[0]), widest(got[0]), 0) {
				t.Errorf("%s to %s: %v, %v; want %v", from, to, got, err, want)
			}
		}
	}
}
