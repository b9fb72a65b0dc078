// Package calibrate makes a classifier as sure as it is right: temperature scaling
// (Guo et al. 2017, arXiv:1706.04599, section 4.2).
package calibrate

import (
	"math"
	"slices"
)

// Bounds of a temperature.
const (
	Least = 0.05
	Most  = 20
)

// worth is by how much a temperature has to lower the sum of the cross entropies, in
// nats, to be better than 1 on other images, too: by one for the parameter that was
// fitted (Akaike 1974).
const worth = 1

// Temperature is the one in [Least, Most] by which logits [n, classes] are to be
// divided so that the mean cross entropy with the labels [n] is least. It is 1 where
// the labels do not tell: where there are too few for the difference to be more than
// chance, and where every label is the likeliest class already, so that no temperature
// would be too low. It is a pure function of its arguments.
func Temperature(logits []float32, labels []int32, classes int) float64 {
	if len(labels) == 0 || separable(logits, labels, classes) {
		return 1
	}
	t := fit(logits, labels, classes)
	gain := Loss(logits, labels, classes, 1) - Loss(logits, labels, classes, t)
	if !(gain*float64(len(labels)) > worth) {
		return 1
	}
	return t
}

// fit finds the temperature of the least loss. In 1/T the loss is convex, and its
// slope is found to be zero by bisection.
func fit(logits []float32, labels []int32, classes int) float64 {
	low, high := 1/float64(Most), 1/float64(Least)
	if at := slope(logits, labels, classes, 1); at == 0 {
		return 1
	} else if at > 0 {
		high = 1
	} else {
		low = 1
	}
	for range 60 {
		mid := math.Sqrt(low * high)
		if slope(logits, labels, classes, mid) > 0 {
			high = mid
		} else {
			low = mid
		}
	}
	return min(max(1/math.Sqrt(low*high), Least), Most)
}

// separable says whether no logit of an image is above that of its label.
func separable(logits []float32, labels []int32, classes int) bool {
	for i, label := range labels {
		row := logits[i*classes : (i+1)*classes]
		if slices.Max(row) > row[label] {
			return false
		}
	}
	return true
}

// slope is the derivative of the mean cross entropy of softmax(b * logits) by b:
// the mean of the expected logit less the label's.
func slope(logits []float32, labels []int32, classes int, b float64) (sum float64) {
	p := make([]float64, classes)
	for i, label := range labels {
		row := logits[i*classes : (i+1)*classes]
		Softmax(p, row, 1/b)
		for c, q := range p {
			sum += q * (float64(row[c]) - float64(row[label]))
		}
	}
	return sum / float64(len(labels))
}

// Softmax writes the softmax of logits / temperature to p, of the same length.
func Softmax(p []float64, logits []float32, temperature float64) {
	top := slices.Max(logits)
	var sum float64
	for i, x := range logits {
		p[i] = math.Exp((float64(x) - float64(top)) / temperature)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
}

// Loss is the mean cross entropy of softmax(logits / temperature) with the labels, in
// nats.
func Loss(logits []float32, labels []int32, classes int, temperature float64) float64 {
	var sum float64
	for i, label := range labels {
		row := logits[i*classes : (i+1)*classes]
		top, all := float64(slices.Max(row)), 0.0
		for _, x := range row {
			all += math.Exp((float64(x) - top) / temperature)
		}
		sum += math.Log(all) - (float64(row[label])-top)/temperature
	}
	return sum / float64(len(labels))
}

// Accuracy is the share of images whose likeliest class, the first of equals, is
// the label.
func Accuracy(logits []float32, labels []int32, classes int) float64 {
	right := 0
	for i, label := range labels {
		row := logits[i*classes : (i+1)*classes]
		if slices.Index(row, slices.Max(row)) == int(label) {
			right++
		}
	}
	return float64(right) / float64(len(labels))
}
