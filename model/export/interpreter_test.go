package export

import (
	"encoding/binary"
	"math"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// An interpreter of the part of ONNX that is written here: slow and plain, by the
// specification of each operation.

type array struct {
	shape []int
	v     []float64
}

// value is an input; result an output.
type value = array

type result struct {
	shape []int
	data  []float32
}

type parsedNode struct {
	inputs, outputs []string
	op              string
	ints            map[string][]int
	text            map[string]string
}

type fieldsOf map[protowire.Number][][]byte

// parse cuts a message into its fields; numbers are kept as varints.
func parse(t *testing.T, raw []byte) fieldsOf {
	t.Helper()
	all := fieldsOf{}
	for len(raw) > 0 {
		number, kind, n := protowire.ConsumeTag(raw)
		if n < 0 {
			t.Fatal("no message")
		}
		raw = raw[n:]
		m := protowire.ConsumeFieldValue(number, kind, raw)
		if m < 0 {
			t.Fatal("no field")
		}
		field := raw[:m]
		if kind == protowire.BytesType {
			field, _ = protowire.ConsumeBytes(field)
		}
		all[number], raw = append(all[number], field), raw[m:]
	}
	return all
}

func (f fieldsOf) number(n protowire.Number) int {
	if len(f[n]) == 0 {
		return 0
	}
	v, _ := protowire.ConsumeVarint(f[n][0])
	return int(v)
}

func (f fieldsOf) strings(n protowire.Number) (all []string) {
	for _, b := range f[n] {
		all = append(all, string(b))
	}
	return all
}

func (f fieldsOf) numbers(n protowire.Number) (all []int) {
	for _, b := range f[n] {
		v, _ := protowire.ConsumeVarint(b)
		all = append(all, int(v))
	}
	return all
}

// run computes a model for images [n, h, w, 3]; for the input Float it turns the
// axes first.
func run(t *testing.T, model []byte, images value, input string) map[string]result {
	t.Helper()
	m := parse(t, model)
	if m.number(1) != irVersion || parse(t, m[8][0]).number(2) != opset {
		t.Fatal("another version")
	}
	g := parse(t, m[7][0])
	values := map[string]array{"images": images}
	if input == Float {
		values["images"] = transpose(images)
	}
	for _, raw := range g[5] {
		f := parse(t, raw)
		a := array{shape: f.numbers(1)}
		for b := f[9][0]; len(b) > 0; b = b[4:] {
			a.v = append(a.v, float64(math.Float32frombits(binary.LittleEndian.Uint32(b))))
		}
		values[string(f[8][0])] = a
	}
	for _, raw := range g[1] {
		f := parse(t, raw)
		n := parsedNode{inputs: f.strings(1), outputs: f.strings(2), op: string(f[4][0]), ints: map[string][]int{}, text: map[string]string{}}
		for _, raw := range f[5] {
			a := parse(t, raw)
			name := string(a[1][0])
			switch a.number(20) {
			case 2:
				n.ints[name] = []int{a.number(3)}
			case 3:
				n.text[name] = string(a[4][0])
			case 7:
				n.ints[name] = a.numbers(8)
			}
		}
		var in []array
		for _, name := range n.inputs {
			a, ok := values[name]
			if !ok {
				t.Fatalf("%s reads %s, which no node before it made", n.op, name)
			}
			in = append(in, a)
		}
		for i, out := range n.compute(t, in) {
			values[n.outputs[i]] = out
		}
	}
	results := map[string]result{}
	for _, raw := range g[12] {
		name := string(parse(t, raw)[1][0])
		r := result{shape: values[name].shape}
		for _, v := range values[name].v {
			r.data = append(r.data, float32(v))
		}
		results[name] = r
	}
	return results
}

func transpose(x array) array {
	n, h, w, c := x.shape[0], x.shape[1], x.shape[2], x.shape[3]
	y := array{[]int{n, c, h, w}, make([]float64, len(x.v))}
	for i, v := range x.v {
		y.v[((i/(h*w*c))*c+i%c)*h*w+i/c%(h*w)] = v
	}
	return y
}

func each(x array, f func(float64) float64) array {
	y := array{x.shape, make([]float64, len(x.v))}
	for i, v := range x.v {
		y.v[i] = f(v)
	}
	return y
}

// both is element-wise; y may be one number, or one for each map of x, or x for
// each map of y.
func both(x, y array, f func(a, b float64) float64) array {
	if len(y.v) > len(x.v) {
		return both(y, x, func(a, b float64) float64 { return f(b, a) })
	}
	out, run := array{x.shape, make([]float64, len(x.v))}, len(x.v)/len(y.v)
	for i, v := range x.v {
		out.v[i] = f(v, y.v[i/run])
	}
	return out
}

func (n parsedNode) compute(t *testing.T, in []array) []array {
	x := in[0]
	switch n.op {
	case "Cast", "Identity":
		return []array{x}
	case "Transpose":
		return []array{transpose(x)}
	case "Relu":
		return []array{each(x, func(v float64) float64 { return max(v, 0) })}
	case "Sigmoid":
		return []array{each(x, func(v float64) float64 { return 1 / (1 + math.Exp(-v)) })}
	case "Add":
		return []array{both(x, in[1], func(a, b float64) float64 { return a + b })}
	case "Sub":
		return []array{both(x, in[1], func(a, b float64) float64 { return a - b })}
	case "Mul":
		return []array{both(x, in[1], func(a, b float64) float64 { return a * b })}
	case "Flatten":
		return []array{{[]int{x.shape[0], len(x.v) / x.shape[0]}, x.v}}
	case "Gemm":
		return []array{gemm(x, in[1], in[2])}
	case "Split":
		return split(x)
	case "Conv":
		return []array{conv(x, in[1:], n.ints["strides"][0], n.ints["pads"][0])}
	case "GlobalAveragePool":
		all := x.shape[2]
		return []array{window(x, all, 1, 0, 0, func(sum, most float64, n int) float64 { return sum / float64(n) })}
	case "AveragePool":
		zeros := n.ints["count_include_pad"][0] == 1
		return []array{window(x, 2, n.ints["strides"][0], 0, n.ints["pads"][2], func(sum, most float64, n int) float64 {
			if zeros {
				n = 4
			}
			return sum / float64(n)
		})}
	case "MaxPool":
		if n.text["auto_pad"] != "SAME_UPPER" {
			t.Fatal("another padding")
		}
		size := x.shape[2]
		total := max(((size+1)/2-1)*2+3-size, 0)
		return []array{window(x, 3, 2, total/2, total-total/2, func(sum, most float64, n int) float64 { return most })}
	}
	t.Fatalf("no operation %q here", n.op)
	return nil
}

func gemm(x, b, c array) array {
	rows, in, out := x.shape[0], b.shape[0], b.shape[1]
	y := array{[]int{rows, out}, make([]float64, rows*out)}
	for r := range rows {
		for o := range out {
			sum := c.v[o]
			for k := range in {
				sum += x.v[r*in+k] * b.v[k*out+o]
			}
			y.v[r*out+o] = sum
		}
	}
	return y
}

func split(x array) []array {
	half := x.shape[1] / 2
	area := x.shape[2] * x.shape[3]
	out := []array{{shape: []int{x.shape[0], half, x.shape[2], x.shape[3]}}, {shape: []int{x.shape[0], half, x.shape[2], x.shape[3]}}}
	for i := range x.shape[0] * 2 {
		out[i%2].v = append(out[i%2].v, x.v[i*half*area:(i+1)*half*area]...)
	}
	return out
}

func conv(x array, rest []array, stride, pad int) array {
	k := rest[0]
	n, in, h, w := x.shape[0], x.shape[1], x.shape[2], x.shape[3]
	out, size := k.shape[0], k.shape[2]
	oh, ow := (h+2*pad-size)/stride+1, (w+2*pad-size)/stride+1
	y := array{[]int{n, out, oh, ow}, make([]float64, n*out*oh*ow)}
	for i := range y.v {
		b, o, r, c := i/(out*oh*ow), i/(oh*ow)%out, i/ow%oh, i%ow
		sum := 0.0
		if len(rest) > 1 {
			sum = rest[1].v[o]
		}
		for ch := range in {
			for dy := range size {
				for dx := range size {
					sy, sx := r*stride+dy-pad, c*stride+dx-pad
					if sy >= 0 && sy < h && sx >= 0 && sx < w {
						sum += x.v[((b*in+ch)*h+sy)*w+sx] * k.v[((o*in+ch)*size+dy)*size+dx]
					}
				}
			}
		}
		y.v[i] = sum
	}
	return y
}

// window pools squares; of what lies outside nothing counts.
func window(x array, size, stride, before, after int, f func(sum, most float64, n int) float64) array {
	n, c, h, w := x.shape[0], x.shape[1], x.shape[2], x.shape[3]
	oh, ow := (h+before+after-size)/stride+1, (w+before+after-size)/stride+1
	y := array{[]int{n, c, oh, ow}, make([]float64, n*c*oh*ow)}
	for i := range y.v {
		plane, r, col := i/(oh*ow), i/ow%oh, i%ow
		sum, most, count := 0.0, math.Inf(-1), 0
		for sy := max(r*stride-before, 0); sy < min(r*stride-before+size, h); sy++ {
			for sx := max(col*stride-before, 0); sx < min(col*stride-before+size, w); sx++ {
				v := x.v[(plane*h+sy)*w+sx]
				sum, most, count = sum+v, max(most, v), count+1
			}
		}
		y.v[i] = f(sum, most, count)
	}
	return y
}
