package evaluate

import (
	"math"

	"github.com/retort-ml/retort/model/calibrate"
)

// Softmax writes the softmax of logits to p.
func Softmax(p []float64, logits []float32) { calibrate.Softmax(p, logits, 1) }

// bins of the calibration error: 15, as Guo et al. 2017.
const bins = 15

// Measure compares logits [n, classes] with labels [n]. Probabilities are those at
// temperature; where it is not 1, the result says what they were worth at 1, too.
func Measure(logits []float32, labels []int32, classes int, temperature float64) *Model {
	t := newTally(classes, temperature)
	p := make([]float64, classes)
	for i, label := range labels {
		v := judge(p, logits[i*classes:(i+1)*classes], label, temperature)
		t.add(&v)
	}
	return t.model()
}

// verdict is what a network made of one labelled image.
type verdict struct {
	Label, Best int32
	Top5        bool
	Near        bool   // kNN found the label
	At, Before  scored // at the network's temperature, and at 1
}

// scored is what probabilities say: the loss, and how likely Best is.
type scored struct{ Loss, Confidence float64 }

// judge compares an image's logits with its label. p is room for their softmax.
func judge(p []float64, row []float32, label int32, temperature float64) verdict {
	v := verdict{Label: label}
	rank := 0
	for c := range row {
		if row[c] > row[v.Best] {
			v.Best = int32(c)
		}
		if row[c] > row[label] || (row[c] == row[label] && c < int(label)) {
			rank++
		}
	}
	v.Top5 = rank < 5
	v.Before = score(p, row, &v, 1)
	v.At = v.Before
	if temperature != 1 {
		v.At = score(p, row, &v, temperature)
	}
	return v
}

func score(p []float64, row []float32, v *verdict, temperature float64) scored {
	calibrate.Softmax(p, row, temperature)
	return scored{-math.Log(math.Max(p[v.Label], 1e-300)), p[v.Best]}
}

// tally sums verdicts up. The sums depend on their order.
type tally struct {
	at, before  *Model
	temperature float64
	near        int
}

func newTally(classes int, temperature float64) *tally {
	return &tally{at: sums(classes), before: sums(classes), temperature: temperature}
}

func sums(classes int) *Model {
	m := &Model{PerClass: make([]float64, classes), Confusion: make([][]int64, classes), Bins: make([]Bin, bins)}
	for c := range m.Confusion {
		m.Confusion[c] = make([]int64, classes)
	}
	return m
}

func (t *tally) add(v *verdict) {
	t.at.add(v, &v.At)
	t.before.add(v, &v.Before)
	if v.Near {
		t.near++
	}
}

func (m *Model) add(v *verdict, s *scored) {
	m.Images++
	m.Confusion[v.Label][v.Best]++
	if v.Top5 {
		m.Top5++
	}
	m.Loss += s.Loss
	b := &m.Bins[min(int(s.Confidence*bins), bins-1)]
	b.N++
	b.Confidence += s.Confidence
	if v.Best == v.Label {
		m.Top1++
		b.Accuracy++
	}
}

// model is what the verdicts come to.
func (t *tally) model() *Model {
	t.at.average()
	if t.temperature != 1 {
		t.before.average()
		t.at.Temperature, t.at.ECEBefore, t.at.LossBefore = t.temperature, t.before.ECE, t.before.Loss
	}
	if t.at.Images > 0 {
		t.at.KNN = float64(t.near) / float64(t.at.Images)
	}
	return t.at
}

// average turns sums into means.
func (m *Model) average() {
	n := float64(m.Images)
	m.Top1, m.Top5, m.Loss = m.Top1/n, m.Top5/n, m.Loss/n
	for i := range m.Bins {
		b := &m.Bins[i]
		b.Low, b.High = float64(i)/bins, float64(i+1)/bins
		if b.N == 0 {
			continue
		}
		b.Confidence /= float64(b.N)
		b.Accuracy /= float64(b.N)
		m.ECE += float64(b.N) / n * math.Abs(b.Confidence-b.Accuracy)
	}
	for c, row := range m.Confusion {
		var of int64
		for _, k := range row {
			of += k
		}
		m.PerClass[c] = -1
		if of > 0 {
			m.PerClass[c] = float64(row[c]) / float64(of)
		}
	}
}
