package calibrate

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// drawn are logits and labels that are drawn from softmax(logits / t): calibrated
// at the temperature t.
func drawn(n, classes int, spread, t float64, seed uint64) (logits []float32, labels []int32) {
	r := rand.New(rand.NewPCG(seed, 1))
	p := make([]float64, classes)
	for range n {
		row := make([]float32, classes)
		for c := range row {
			row[c] = float32(spread * r.NormFloat64())
		}
		Softmax(p, row, t)
		u, label := r.Float64(), 0
		for label < classes-1 && u > p[label] {
			u -= p[label]
			label++
		}
		logits, labels = append(logits, row...), append(labels, int32(label))
	}
	return logits, labels
}

// TestTemperatureOfWhatIsCalibrated is about 1; scaled logits give the scale back.
func TestTemperatureOfWhatIsCalibrated(t *testing.T) {
	logits, labels := drawn(20000, 10, 2, 1, 1)
	one := fit(logits, labels, 10)
	if got := Temperature(logits, labels, 10); math.Abs(one-1) > 0.03 || math.Abs(got-1) > 0.03 {
		t.Errorf("calibrated logits have temperature %v, %v", one, got)
	}
	for _, scale := range []float64{0.25, 2, 3.7, 8} {
		scaled := make([]float32, len(logits))
		for i, x := range logits {
			scaled[i] = float32(scale * float64(x))
		}
		if got := Temperature(scaled, labels, 10); math.Abs(got/(scale*one)-1) > 1e-5 {
			t.Errorf("logits times %v: temperature %v; want %v", scale, got, scale*one)
		}
	}
}

// TestTemperatureLowersTheLoss and changes no choice: for sure and modest, right
// and wrong classifiers, few and many images. A finer search by steps finds no
// better one.
func TestTemperatureLowersTheLoss(t *testing.T) {
	p := make([]float64, 7)
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 2))
		n := 1 + r.IntN(60)
		logits, labels := drawn(n, 7, math.Exp(3*r.Float64()-1), math.Exp(4*r.Float64()-2), seed)
		used := Temperature(logits, labels, 7)
		if before, after := Loss(logits, labels, 7, 1), Loss(logits, labels, 7, used); used != 1 && !(float64(n)*(before-after) > worth) {
			t.Errorf("seed %d: temperature %v for %d labels takes the loss from %v to %v", seed, used, n, before, after)
		}
		best := fit(logits, labels, 7)
		if used != 1 && used != best {
			t.Errorf("seed %d: temperature %v, fitted %v", seed, used, best)
		}
		if !(best >= Least && best <= Most) {
			t.Fatalf("seed %d: temperature %v", seed, best)
		}
		loss := Loss(logits, labels, 7, best)
		if before := Loss(logits, labels, 7, 1); loss > before+1e-12 {
			t.Errorf("seed %d: loss %v, at temperature 1 %v", seed, loss, before)
		}
		if !separable(logits, labels, 7) {
			for x := Least; x <= Most; x *= 1.01 {
				if other := Loss(logits, labels, 7, x); other < loss-1e-9 {
					t.Fatalf("seed %d: loss %v at %v, but %v at %v", seed, loss, best, other, x)
				}
			}
		}
		for i := range n {
			row := logits[i*7 : (i+1)*7]
			Softmax(p, row, best)
			if a, b := slices.Index(row, slices.Max(row)), slices.Index(p, slices.Max(p)); a != b {
				t.Fatalf("seed %d: class %d became %d", seed, a, b)
			}
		}
	}
}

func TestTemperatureAtTheEnds(t *testing.T) {
	for name, c := range map[string]struct {
		logits []float32
		labels []int32
		want   float64
	}{
		"no labels": {nil, nil, 1},
		"all right": {[]float32{3, 1, 0, 5}, []int32{0, 1}, 1},
		"all wrong": {[]float32{3, 1, 0, 5}, []int32{1, 0}, Most},
		"all alike": {[]float32{2, 2, 2, 2}, []int32{1, 0}, 1},
		"huge":      {[]float32{3e38, -3e38, -3e38, 3e38}, []int32{0, 0}, Most},
	} {
		got := Temperature(c.logits, c.labels, 2)
		if math.Abs(got-c.want) > 1e-6*c.want {
			t.Errorf("%s: temperature %v; want %v", name, got, c.want)
		}
	}
}
