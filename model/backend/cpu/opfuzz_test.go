package cpu

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// input is an operand as flat data, which may be empty.
type input struct {
	flat any
	dims []int
}

// execFlat runs an operation on flat operands and returns flat results.
func execFlat(b compute.Backend, inputs []input, build func(f fn, p values) (values, error)) (out []any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	builder := b.Builder("fuzz")
	f := builder.Main()
	var params values
	var buffers []compute.Buffer
	for i, in := range inputs {
		shape := shapes.Make(dtypes.FromGoType(reflect.TypeOf(in.flat).Elem()), in.dims...)
		p, err := f.Parameter(fmt.Sprint(i), shape, nil)
		if err != nil {
			return nil, err
		}
		buf, err := b.BufferFromFlatData(0, in.flat, shape)
		if err != nil {
			return nil, err
		}
		params, buffers = append(params, p), append(buffers, buf)
	}
	results, err := build(f, params)
	if err != nil {
		return nil, err
	}
	if err := f.Return(results, nil); err != nil {
		return nil, err
	}
	exec, err := builder.Compile()
	if err != nil {
		return nil, err
	}
	got, err := exec.Execute(buffers, nil, 0)
	if err != nil {
		return nil, err
	}
	for _, g := range got {
		data, err := g.Data()
		if err != nil {
			return nil, err
		}
		out = append(out, data)
	}
	return out, nil
}

// drawn is a random operation.
type drawn struct {
	what   string
	inputs []input
	build  func(f fn, p values) (values, error)
}

// draw makes the random parts of an operation.
type draw struct{ *rand.Rand }

// dim is mostly small and odd, sometimes 1, rarely 0.
func (r draw) dim() int {
	switch r.IntN(12) {
	case 0:
		return 0
	case 1, 2, 3:
		return 1
	}
	return 2 + r.IntN(6)
}

func (r draw) dims(rank int) []int {
	d := make([]int, rank)
	for i := range d {
		d[i] = r.dim()
	}
	return d
}

func (r draw) floats(dims ...int) input {
	x := make([]float32, size(dims))
	for i := range x {
		x[i] = float32(r.IntN(17)-8) / 4 // ties, and sums without error
	}
	return input{x, dims}
}

func (r draw) indices(limit int, dims ...int) input {
	x := make([]int32, size(dims))
	for i := range x {
		x[i] = int32(r.IntN(limit+1)) - int32(r.IntN(2))
	}
	return input{x, dims}
}

func (r draw) axes(rank int) (chosen []int) {
	for a := range rank {
		if r.IntN(2) == 0 {
			chosen = append(chosen, a)
		}
	}
	return chosen
}

func (r draw) each(n int, f func() int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = f()
	}
	return list
}

func (r draw) window(rank int) (window, strides []int, padding [][2]int) {
	window = r.each(rank, func() int { return 1 + r.IntN(3) })
	strides = r.each(rank, func() int { return 1 + r.IntN(4) })
	for i := range rank {
		padding = append(padding, [2]int{r.IntN(window[i]), r.IntN(window[i])})
	}
	return window, strides, padding
}

// fuzzed are the operations that take shapes apart.
var fuzzed = []struct {
	name string
	draw func(r draw) drawn
}{
	{"conv", drawConv},
	{"reduce window", func(r draw) drawn {
		rank := 1 + r.IntN(4)
		window, strides, padding := r.window(rank)
		kind := []compute.ReduceOpType{compute.ReduceOpSum, compute.ReduceOpMax, compute.ReduceOpMin, compute.ReduceOpProduct}[r.IntN(4)]
		return drawn{fmt.Sprint(kind, window, strides, padding), []input{r.floats(r.dims(rank)...)}, func(f fn, p values) (values, error) {
			return one(f.ReduceWindow(p[0], kind, window, strides, nil, nil, padding))
		}}
	}},
	{"pooling gradient", func(r draw) drawn {
		window, strides, padding := r.window(4)
		window[0], window[3], strides[0], strides[3], padding[0], padding[3] = 1, 1, 1, 1, [2]int{}, [2]int{}
		x := []int{r.dim(), 3 + r.IntN(6), 3 + r.IntN(6), 1 + r.IntN(20)}
		y := make([]int, 4)
		for i := range y {
			y[i] = (x[i]+padding[i][0]+padding[i][1]-window[i])/strides[i] + 1
		}
		return drawn{fmt.Sprint(window, strides, padding), []input{r.floats(x...), r.floats(y...)}, func(f fn, p values) (values, error) {
			return one(f.SelectAndScatterMax(p[0], p[1], window, strides, padding))
		}}
	}},
	{"reduce", func(r draw) drawn {
		rank := 1 + r.IntN(4)
		axes := append(r.axes(rank), rank-1)
		if len(axes) > 1 && axes[len(axes)-2] == rank-1 {
			axes = axes[:len(axes)-1]
		}
		dims := r.dims(rank)
		if r.IntN(4) == 0 {
			dims[rank-1] = 70 + r.IntN(700)
		}
		return drawn{fmt.Sprint(axes), []input{r.floats(dims...)}, func(f fn, p values) (values, error) {
			sum, err := f.ReduceSum(p[0], axes...)
			if err != nil {
				return nil, err
			}
			most, err := f.ReduceMax(p[0], axes...)
			if err != nil {
				return nil, err
			}
			least, err := f.ReduceMin(p[0], axes...)
			return values{sum, most, least}, err
		}}
	}},
	{"transpose", func(r draw) drawn {
		rank := 1 + r.IntN(5)
		perm := r.Perm(rank)
		return drawn{fmt.Sprint(perm), []input{r.floats(r.dims(rank)...)}, func(f fn, p values) (values, error) {
			return one(f.Transpose(p[0], perm...))
		}}
	}},
	{"slice", func(r draw) drawn {
		rank := 1 + r.IntN(4)
		dims, starts, limits, strides := r.dims(rank), make([]int, rank), make([]int, rank), make([]int, rank)
		for i, d := range dims {
			starts[i] = r.IntN(d + 1)
			limits[i] = starts[i] + r.IntN(d-starts[i]+1)
			strides[i] = 1 + r.IntN(3)
		}
		return drawn{fmt.Sprint(starts, limits, strides), []input{r.floats(dims...)}, func(f fn, p values) (values, error) {
			return one(f.Slice(p[0], starts, limits, strides))
		}}
	}},
	{"pad", func(r draw) drawn {
		rank := 1 + r.IntN(3)
		dims := r.dims(rank)
		var pads []compute.PadAxis
		for range rank {
			pads = append(pads, compute.PadAxis{Start: r.IntN(3), End: r.IntN(4), Interior: r.IntN(3)})
		}
		return drawn{fmt.Sprint(pads), []input{r.floats(dims...), {[]float32{9}, nil}}, func(f fn, p values) (values, error) {
			return one(f.Pad(p[0], p[1], pads...))
		}}
	}},
	{"concatenate", func(r draw) drawn {
		rank := 1 + r.IntN(3)
		axis, dims := r.IntN(rank), r.dims(rank)
		var in []input
		for range 1 + r.IntN(4) {
			d := append([]int{}, dims...)
			d[axis] = r.dim()
			in = append(in, r.floats(d...))
		}
		return drawn{fmt.Sprint(axis), in, func(f fn, p values) (values, error) { return one(f.Concatenate(axis, p...)) }}
	}},
	{"reverse", func(r draw) drawn {
		rank := 1 + r.IntN(4)
		axes := r.axes(rank)
		return drawn{fmt.Sprint(axes), []input{r.floats(r.dims(rank)...)}, func(f fn, p values) (values, error) { return one(f.Reverse(p[0], axes...)) }}
	}},
	{"dot", drawDot},
	{"gather", func(r draw) drawn {
		table, width, n := 1+r.IntN(6), r.dim(), r.dim()
		return drawn{"", []input{r.floats(table, width), r.indices(table-1, n, 1)}, func(f fn, p values) (values, error) {
			return one(f.Gather(p[0], p[1], 1, []int{1}, []int{0}, []int{0}, []int{1, width}, false))
		}}
	}},
	{"scatter", func(r draw) drawn {
		table, width, n := 1+r.IntN(6), r.dim(), r.dim()
		return drawn{"", []input{r.floats(table, width), r.indices(table-1, n, 1), r.floats(n, width)}, func(f fn, p values) (values, error) {
			return one(f.ScatterSum(p[0], p[1], p[2], 1, []int{1}, []int{0}, []int{0}, false, false))
		}}
	}},
	{"argmax", func(r draw) drawn {
		rank := 1 + r.IntN(3)
		axis := r.IntN(rank)
		dims := r.dims(rank)
		dims[axis]++
		return drawn{fmt.Sprint(axis), []input{r.floats(dims...)}, func(f fn, p values) (values, error) {
			return one(f.ArgMinMax(p[0], axis, dtypes.Int32, false))
		}}
	}},
	{"broadcast and combine", func(r draw) drawn {
		rank := 1 + r.IntN(4)
		a, b := r.dims(rank), make([]int, rank)
		copy(b, a)
		for i := range rank {
			switch r.IntN(4) {
			case 0:
				a[i] = 1
			case 1:
				b[i] = 1
			}
		}
		return drawn{"", []input{r.floats(a...), r.floats(b...)}, func(f fn, p values) (values, error) {
			sum, err := f.Add(p[0], p[1])
			if err != nil {
				return nil, err
			}
			product, err := f.Mul(sum, p[1])
			if err != nil {
				return nil, err
			}
			less, err := f.LessThan(product, p[0])
			if err != nil {
				return nil, err
			}
			return one(f.Where(less, product, sum))
		}}
	}},
}

func drawConv(r draw) drawn {
	spatial := 1 + r.IntN(3)
	if r.IntN(2) == 0 {
		spatial = 2
	}
	groups := 1
	if r.IntN(4) == 0 {
		groups = 2
	}
	ci, co := 1+r.IntN(5), groups*(1+r.IntN(5))
	order := func() []int {
		if r.IntN(2) == 0 { // channels last
			list := make([]int, spatial+2)
			for i := range list {
				list[i] = i
			}
			return list
		}
		return r.Perm(spatial + 2)
	}
	in, kernel, out := order(), order(), order()
	mid := func(list []int) []int { return list[1 : 1+spatial] }
	axes := compute.ConvolveAxesConfig{
		InputBatch: in[0], InputSpatial: mid(in), InputChannels: in[spatial+1],
		KernelSpatial: kernel[:spatial], KernelInputChannels: kernel[spatial], KernelOutputChannels: kernel[spatial+1],
		OutputBatch: out[0], OutputSpatial: mid(out), OutputChannels: out[spatial+1],
	}
	x, w := make([]int, spatial+2), make([]int, spatial+2)
	x[axes.InputBatch], x[axes.InputChannels] = r.dim(), ci*groups
	w[axes.KernelInputChannels], w[axes.KernelOutputChannels] = ci, co
	window, strides, padding := r.window(spatial)
	dilations := r.each(spatial, func() int { return 1 + r.IntN(2) })
	inputDilations := r.each(spatial, func() int { return 1 + r.IntN(8)/7 })
	for i := range spatial {
		x[axes.InputSpatial[i]] = (window[i]-1)*dilations[i] + 1 + r.IntN(6)
		w[axes.KernelSpatial[i]] = window[i]
	}
	what := fmt.Sprintf("%+v strides %v padding %v dilations %v %v groups %d", axes, strides, padding, inputDilations, dilations, groups)
	return drawn{what, []input{r.floats(x...), r.floats(w...)}, func(f fn, p values) (values, error) {
		return one(f.ConvGeneral(p[0], p[1], axes, strides, padding, inputDilations, dilations, groups, 1))
	}}
}

func drawDot(r draw) drawn {
	var kinds []int // 0 batch, 1 contracted, 2 lhs only, 3 rhs only
	for k := range 4 {
		for range r.IntN(3) {
			kinds = append(kinds, k)
		}
	}
	var lhs, rhs []int
	sizes := r.dims(len(kinds))
	for i, k := range kinds {
		if k != 3 {
			lhs = append(lhs, i)
		}
		if k != 2 {
			rhs = append(rhs, i)
		}
	}
	r.Shuffle(len(lhs), func(i, j int) { lhs[i], lhs[j] = lhs[j], lhs[i] })
	r.Shuffle(len(rhs), func(i, j int) { rhs[i], rhs[j] = rhs[j], rhs[i] })
	place := func(list []int) (dims []int, at map[int]int) {
		at = map[int]int{}
		for i, a := range list {
			dims, at[a] = append(dims, sizes[a]), i
		}
		return dims, at
	}
	a, atA := place(lhs)
	b, atB := place(rhs)
	var lc, lb, rc, rb []int
	for i, k := range kinds {
		switch k {
		case 0:
			lb, rb = append(lb, atA[i]), append(rb, atB[i])
		case 1:
			lc, rc = append(lc, atA[i]), append(rc, atB[i])
		}
	}
	return drawn{fmt.Sprint(lc, lb, rc, rb), []input{r.floats(a...), r.floats(b...)}, func(f fn, p values) (values, error) {
		return one(f.DotGeneral(p[0], lc, lb, p[1], rc, rb, compute.DotGeneralConfig{}))
	}}
}

// slowIsWrong: it broadcasts nothing to one.
func slowIsWrong(name string, in []input) bool {
	return name == "broadcast and combine" && (size(in[0].dims) == 0 || size(in[1].dims) == 0)
}

// TestPadCrops: negative padding takes away, after the interior is spread.
func TestPadCrops(t *testing.T) {
	for start := -4; start <= 2; start++ {
		for end := -4; end <= 2; end++ {
			for interior := range 3 {
				a := compute.PadAxis{Start: start, End: end, Interior: interior}
				spread := []int32{1}
				for v := int32(2); v <= 4; v++ {
					for range interior {
						spread = append(spread, 9)
					}
					spread = append(spread, v)
				}
				n := len(spread) + start + end
				if n < 0 {
					continue
				}
				want := make([]int32, n)
				for i := range want {
					want[i] = 9
					if k := i - start; k >= 0 && k < len(spread) {
						want[i] = spread[k]
					}
				}
				got, err := execFlat(fast(t), []input{{[]int32{1, 2, 3, 4}, []int{4}}, {[]int32{9}, nil}}, func(f fn, p values) (values, error) {
					return one(f.Pad(p[0], p[1], a))
				})
				if err != nil || !alike(want, got[0], 0) {
					t.Errorf("%+v: %v, %v; want %v", a, got, err, want)
				}
			}
		}
	}
}

// FuzzOperations compares random operations with GoMLX's slow backend. Where
// that one fails, this one may do either, but not panic.
func FuzzOperations(f *testing.F) {
	for seed := range uint64(150) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		for i, c := range fuzzed {
			d := c.draw(draw{rand.New(rand.NewPCG(seed, uint64(i)))})
			want, wantErr := execFlat(slow(t), d.inputs, d.build)
			got, err := execFlat(fast(t), d.inputs, d.build)
			what := c.name + " " + d.what
			for _, in := range d.inputs {
				what += fmt.Sprint(" ", in.dims)
			}
			if wantErr != nil || slowIsWrong(c.name, d.inputs) {
				if err != nil && len(err.Error()) > 5 && err.Error()[:5] == "panic" {
					t.Fatalf("%s: %v", what, err)
				}
				continue
			}
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			for k := range want {
				if !alike(want[k], got[k], 1e-5) {
					t.Fatalf("%s: result %d is\n%v; want\n%v", what, k, got[k], want[k])
				}
			}
		}
	})
}
