package evaluate

import (
	"math"
	"testing"
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-6) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

// logit of a probability among classes whose others share the rest.
func confident(class, classes int, p float64) []float32 {
	row := make([]float32, classes)
	row[class] = float32(math.Log(p / ((1 - p) / float64(classes-1))))
	return row
}

// TestMeasureByHand: four images of three classes, worked out on paper.
func TestMeasureByHand(t *testing.T) {
	var logits []float32
	for _, x := range []struct {
		class int
		p     float64
	}{{0, 0.9}, {0, 0.9}, {1, 0.5}, {2, 0.5}} {
		logits = append(logits, confident(x.class, 3, x.p)...)
	}
	m := Measure(logits, []int32{0, 1, 1, 2}, 3, 1)
	near(t, "top-1", m.Top1, 0.75)
	near(t, "top-5 of three classes", m.Top5, 1)
	for c, want := range []float64{1, 0.5, 1} {
		near(t, "per class", m.PerClass[c], want)
	}
	for truth, row := range [][]int64{{1, 0, 0}, {1, 1, 0}, {0, 0, 1}} {
		for c, want := range row {
			if m.Confusion[truth][c] != want {
				t.Errorf("confusion[%d][%d] = %d, want %d", truth, c, m.Confusion[truth][c], want)
			}
		}
	}
	// Two images at 0.9, half of them right; two at 0.5, both right.
	near(t, "ECE", m.ECE, 0.5*0.4+0.5*0.5)
	near(t, "loss", m.Loss, -(math.Log(0.9)+math.Log(0.05)+2*math.Log(0.5))/4)
}

func TestTopFiveByHand(t *testing.T) {
	// Seven classes in falling order of logit: the fifth counts, the sixth does not.
	row := []float32{7, 6, 5, 4, 3, 2, 1}
	m := Measure(append(append([]float32{}, row...), row...), []int32{4, 5}, 7, 1)
	near(t, "top-5", m.Top5, 0.5)
	near(t, "top-1", m.Top1, 0)
	if m.PerClass[0] != -1 {
		t.Errorf("a class without images has %v, want -1", m.PerClass[0])
	}
	// Of equal logits the first class is the guess.
	if m := Measure([]float32{1, 1}, []int32{1}, 2, 1); m.Top1 != 0 || m.Confusion[1][0] != 1 {
		t.Errorf("ties: %+v", m)
	}
}

// TestNearestNeighboursByHand: unit vectors in the plane.
func TestNearestNeighboursByHand(t *testing.T) {
	at := func(degrees ...float64) (x []float32) {
		for _, d := range degrees {
			x = append(x, float32(3*math.Cos(d*math.Pi/180)), float32(3*math.Sin(d*math.Pi/180)))
		}
		return x
	}
	known, labels := at(0, 10, 90, 100, 110), []int32{0, 0, 1, 1, 1}
	// 40 degrees is nearer to class 0; one neighbour says so, and so do five, since
	// the near ones weigh more.
	for _, k := range []int{1, 2, 5, 50} {
		near(t, "kNN", KNN(known, labels, at(40, 95), []int32{0, 1}, 2, k, 2), 1)
	}
	near(t, "wrong labels", KNN(known, labels, at(40, 95), []int32{1, 0}, 2, 1, 2), 0)
	near(t, "nothing known", KNN(nil, nil, at(40), []int32{0}, 2, 3, 2), 0)
	// Left out of its own neighbours, the lone image of class 1 is taken for class 0.
	near(t, "leave one out", KNNLeaveOneOut(at(0, 5, 20), at(0, 5, 20), []int32{0, 0, 1}, 2, 1, 2), 2./3)
	near(t, "and not", KNN(at(0, 5, 20), []int32{0, 0, 1}, at(0, 5, 20), []int32{0, 0, 1}, 2, 1, 2), 1)
}

func TestOpinion(t *testing.T) {
	o := opine([]float64{1, 3, 3, 1})
	if o.best != [3]int32{1, 2, 0} {
		t.Errorf("best %v, want 1, 2, 0", o.best)
	}
	near(t, "p", float64(o.p[0]), 0.375)
	near(t, "entropy", o.entropy, -2*0.125*math.Log(0.125)-2*0.375*math.Log(0.375))
	if g := func() []Guess { o := opine([]float64{1, 0}); return o.guesses([]string{"a", "b"}) }(); len(g) != 2 || g[0].Class != "a" {
		t.Errorf("guesses of two classes: %v", g)
	}
}
