package evaluate

import (
	"math"
	"slices"
	"sort"

	"github.com/retort-ml/retort/internal/workpool"
)

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

// neighbour is a known image and its similarity.
type neighbour struct {
	similarity float64
	at         int
}

// nearer orders neighbours, nearest first; of equal ones the earlier.
func nearer(a, b neighbour) bool {
	if a.similarity != b.similarity {
		return a.similarity > b.similarity
	}
	return a.at < b.at
}

// vote is the class that the k nearest of known, but for number except, vote for.
func vote(known []float32, labels []int32, x []float32, k, classes, except int) int32 {
	nearest := make([]neighbour, 0, k+1) // sorted
	for j := range labels {
		n := neighbour{similarity(known[j*len(x):(j+1)*len(x)], x), j}
		if j == except || len(nearest) == k && !nearer(n, nearest[k-1]) {
			continue
		}
		at := sort.Search(len(nearest), func(i int) bool { return nearer(n, nearest[i]) })
		nearest = slices.Insert(nearest, at, n)
		nearest = nearest[:min(len(nearest), k)]
	}
	votes := make([]float64, classes)
	for _, n := range nearest {
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

// similarity is the inner product, in four sums so that one need not wait for
// another.
func similarity(x, y []float32) float64 {
	var a, b, c, d float64
	y = y[:len(x)]
	i := 0
	for ; i+4 <= len(x); i += 4 {
		a += float64(x[i]) * float64(y[i])
		b += float64(x[i+1]) * float64(y[i+1])
		c += float64(x[i+2]) * float64(y[i+2])
		d += float64(x[i+3]) * float64(y[i+3])
	}
	for ; i < len(x); i++ {
		a += float64(x[i]) * float64(y[i])
	}
	return a + b + c + d
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
