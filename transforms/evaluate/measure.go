package evaluate

import (
	"math"
	"slices"

	"github.com/retort-ml/retort/internal/workpool"
)

// Softmax writes the softmax of logits to p.
func Softmax(p []float64, logits []float32) {
	top := slices.Max(logits)
	var sum float64
	for i, x := range logits {
		p[i] = math.Exp(float64(x) - float64(top))
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
}

// bins of the calibration error: 15, as Guo et al. 2017.
const bins = 15

// Measure compares logits [n, classes] with labels [n].
func Measure(logits []float32, labels []int32, classes int) *Model {
	m := &Model{Images: len(labels), PerClass: make([]float64, classes), Confusion: make([][]int64, classes), Bins: make([]Bin, bins)}
	for c := range m.Confusion {
		m.Confusion[c] = make([]int64, classes)
	}
	p := make([]float64, classes)
	for i, label := range labels {
		row := logits[i*classes : (i+1)*classes]
		Softmax(p, row)
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

// KNN is the share of test images whose k nearest known images by cosine
// similarity, each weighing exp(similarity/0.07) (Wu et al. 2018), vote for the
// right class. features are [n, dim].
func KNN(known []float32, knownLabels []int32, test []float32, testLabels []int32, dim, k, classes int) float64 {
	return knn(known, knownLabels, test, testLabels, dim, k, classes, func(int) int { return -1 })
}

// KNNLeaveOneOut is KNN where test image i is another view of known image i,
// which is no neighbour of its own. labels are both sides'.
func KNNLeaveOneOut(known, test []float32, labels []int32, dim, k, classes int) float64 {
	return knn(known, labels, test, labels, dim, min(k, len(labels)-1), classes, func(i int) int { return i })
}

// knn leaves known image except(i) out of the neighbours of test image i.
func knn(known []float32, knownLabels []int32, test []float32, testLabels []int32, dim, k, classes int, except func(i int) int) float64 {
	known, test = normalised(known, dim), normalised(test, dim)
	k = min(k, len(knownLabels))
	if k <= 0 || len(testLabels) == 0 {
		return 0
	}
	right := make([]bool, len(testLabels))
	workpool.For(len(testLabels), func(i int) {
		right[i] = vote(known, knownLabels, test[i*dim:(i+1)*dim], k, classes, except(i)) == testLabels[i]
	})
	n := 0
	for _, r := range right {
		if r {
			n++
		}
	}
	return float64(n) / float64(len(testLabels))
}

const knnTemperature = 0.07

// vote is the class that the k nearest of known, but for number except, vote for.
func vote(known []float32, labels []int32, x []float32, k, classes, except int) int32 {
	type neighbour struct {
		similarity float64
		at         int
	}
	all := make([]neighbour, len(labels))
	for j := range labels {
		var dot float64
		for d, v := range known[j*len(x) : (j+1)*len(x)] {
			dot += float64(v) * float64(x[d])
		}
		if j == except {
			dot = math.Inf(-1)
		}
		all[j] = neighbour{dot, j}
	}
	slices.SortFunc(all, func(a, b neighbour) int {
		switch {
		case a.similarity > b.similarity:
			return -1
		case a.similarity < b.similarity:
			return 1
		}
		return a.at - b.at
	})
	votes := make([]float64, classes)
	for _, n := range all[:k] {
		votes[labels[n.at]] += math.Exp((n.similarity - 1) / knnTemperature)
	}
	best := 0
	for c := range votes {
		if votes[c] > votes[best] {
			best = c
		}
	}
	return int32(best)
}

func normalised(x []float32, dim int) []float32 {
	out := make([]float32, len(x))
	for i := 0; i+dim <= len(x); i += dim {
		var sum float64
		for _, v := range x[i : i+dim] {
			sum += float64(v) * float64(v)
		}
		scale := 1 / math.Max(math.Sqrt(sum), 1e-12)
		for d, v := range x[i : i+dim] {
			out[i+d] = float32(float64(v) * scale)
		}
	}
	return out
}
