package augment

import "math"

// taps are the weights of one axis of a resize: output i is the sum of
// weight[j][i] * source[start[i]+j]. The slices go on to a multiple of lanes,
// with weight 0.
type taps struct {
	n      int
	start  []int32
	weight [4][]float32
	pixels pixelTaps
}

// tableSize is how finely the kernels of TensorFlow quantise a fraction.
const tableSize = 1024

// The kernels' values at distances 0..1 and 1..2 in steps of 1/tableSize.
var (
	keysTable   = cubicTable(-0.5)
	legacyTable = cubicTable(-0.75)
)

// cubicTable is InitCoeffsTable of TensorFlow's resize_bicubic_op.cc.
func cubicTable(a float64) (table [2 * (tableSize + 1)]float32) {
	for i := range tableSize + 1 {
		x := float64(float32(i) / tableSize)
		table[2*i] = float32(float64((float64((a+2)*x)-(a+3))*x*x) + 1)
		x++
		table[2*i+1] = float32(float64((float64((float64(a*x)-5*a)*x)+8*a)*x) - 4*a)
	}
	return table
}

// extent is a crop along one axis of the decoded image, in its samples. At full
// size it begins with its first sample and is whole; in a reduced image it may
// begin and end inside one.
type extent struct {
	first  int     // the sample of the whole image at this scale that it begins in
	n      int     // how many samples it touches
	start  float32 // where in the first one it begins, 0 <= start < 1
	length float32
	scale  int
}

// extentOf is the extent of length full-size samples from one on.
func extentOf(from, length, scale int) extent {
	first := from / scale
	return extent{
		first: first, n: (from+length+scale-1)/scale - first,
		start: float32(from%scale) / float32(scale), length: float32(length) / float32(scale), scale: scale,
	}
}

// set computes the taps that resize the extent's samples to n. The window of
// four taps always begins at one of them, so that edge taps that repeat a
// sample are folded into its weight; of fewer than four samples the window may
// reach past their end, with weight 0. Weights are multiplied by unit.
func (t *taps) set(filter Filter, e extent, n int, mirror bool, unit float32) {
	t.resize(n)
	step := e.length / float32(n)
	// TensorFlow 1 samples where full-size pixel i*step has its centre.
	legacy := e.start + (0.5/float32(e.scale) - 0.5)
	table, bicubic := &legacyInside, filter == Bicubic
	if bicubic {
		table = &keysInside
	}
	w0, w1, w2, w3 := t.weight[0], t.weight[1], t.weight[2], t.weight[3]
	// Windows that begin with the source or later, and end before its end.
	least, most := float32(1), float32(e.n-2)
	for i := range n {
		at := float32(float32(i)*step) + legacy
		if bicubic {
			at = float32((float32(i)+0.5)*step) + e.start - 0.5
		}
		to := i
		if mirror {
			to = n - 1 - i
		}
		if at < least || at >= most {
			t.put(to, filter, at, e.n, unit)
			continue
		}
		whole := int32(at)
		w := &table[roundFraction(at-float32(whole))]
		t.start[to] = whole - 1
		w0[to], w1[to], w2[to], w3[to] = w[0]*unit, w[1]*unit, w[2]*unit, w[3]*unit
	}
	for i := n; i < len(t.start); i++ {
		t.start[i] = t.start[n-1]
	}
}

// roundFraction is the nearest multiple of 1/tableSize to x in [0, 1], halves to
// even: at 1.5*2^23 a float32 has no fraction bits left.
func roundFraction(x float32) int {
	const shift = 3 << 22
	return int(math.Float32bits(float32(x*tableSize)+shift)-math.Float32bits(shift)) & (2*tableSize - 1)
}

func (t *taps) resize(n int) {
	padded := (n + lanes - 1) / lanes * lanes
	if cap(t.start) < padded {
		t.start = make([]int32, padded)
		all := make([]float32, 4*padded)
		for j := range t.weight {
			t.weight[j] = all[j*padded:][:padded:padded]
		}
	}
	t.n, t.start = n, t.start[:padded]
	for j := range t.weight {
		t.weight[j] = t.weight[j][:padded]
		clear(t.weight[j][n:])
	}
}

// put sets the taps of output i, which samples the source at a place
// (GetWeightsAndIndices of resize_bicubic_op.cc).
func (t *taps) put(i int, filter Filter, at float32, length int, unit float32) {
	floor := float32(math.Floor(float64(at)))
	first, fraction := int(floor)-1, nearest(float32((at-floor)*tableSize))
	w, start := edge(filter, first, fraction, length)
	t.start[i] = int32(start)
	for j := range w {
		t.weight[j][i] = w[j] * unit
	}
}

// The weights of a window that lies inside the source, by the fraction; the second
// half is never used, and makes a bound of the mask.
var keysInside, legacyInside = insideTable(Bicubic), insideTable(BicubicTF1)

func insideTable(filter Filter) (table [2 * tableSize][4]float32) {
	for fraction := range tableSize + 1 {
		table[fraction], _ = edge(filter, 0, fraction, 4)
	}
	return table
}

// edge is a window of taps anywhere: it may begin before the source and reach past
// its end.
func edge(filter Filter, first, fraction, length int) (folded [4]float32, start int) {
	table := &legacyTable
	if filter == Bicubic {
		table = &keysTable
	}
	w := [4]float32{
		table[2*fraction+1], table[2*fraction],
		table[2*(tableSize-fraction)], table[2*(tableSize-fraction)+1],
	}
	if filter == Bicubic {
		w = renormalise(w, first, length)
	}
	start = min(max(first, 0), max(length-4, 0))
	for j := range w {
		folded[min(max(first+j, 0), length-1)-start] += w[j]
	}
	return folded, start
}

// renormalise drops the taps outside 0..length-1 and scales the rest to a sum
// of 1.
func renormalise(w [4]float32, first, length int) [4]float32 {
	var sum float32
	for j := range w {
		if first+j < 0 || first+j >= length {
			w[j] = 0
		}
		sum += w[j]
	}
	for j := range w {
		w[j] = float32(w[j] * (1 / sum))
	}
	return w
}
