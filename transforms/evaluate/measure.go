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
	m := measure(logits, labels, classes, temperature)
	if temperature != 1 {
		before := measure(logits, labels, classes, 1)
		m.Temperature, m.ECEBefore, m.LossBefore = temperature, before.ECE, before.Loss
	}
	return m
}

func measure(logits []float32, labels []int32, classes int, temperature float64) *Model {
	m := &Model{Images: len(labels), PerClass: make([]float64, classes), Confusion: make([][]int64, classes), Bins: make([]Bin, bins)}
	for c := range m.Confusion {
		m.Confusion[c] = make([]int64, classes)
	}
	p := make([]float64, classes)
	for i, label := range labels {
		row := logits[i*classes : (i+1)*classes]
		calibrate.Softmax(p, row, temperature)
		best, rank := 0, 0
		for c := range row {
			if row[c] > row[best] {
				best = c
			}
			if row[c] > row[label] || (row[c] == row[label] && c < int(label)) {
				rank++
			}
		}
		m.Confusion[label][best]++
		if rank < 5 {
			m.Top5++
		}
		m.Loss -= math.Log(math.Max(p[label], 1e-300))
		b := &m.Bins[min(int(p[best]*bins), bins-1)]
		b.N++
		b.Confidence += p[best]
		if best == int(label) {
			m.Top1++
			b.Accuracy++
		}
	}
	m.average()
	return m
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
