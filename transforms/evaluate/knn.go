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
	return knn(known, knownLabels, test, testLabels, dim, k, classes, nobody)
}

// nobody is excepted.
func nobody(int) int { return -1 }

// KNNLeaveOneOut is KNN where test image i is another view of known image i,
// which is no neighbour of its own. labels are both sides'.
func KNNLeaveOneOut(known, test []float32, labels []int32, dim, k, classes int) float64 {
	return knn(known, labels, test, labels, dim, min(k, len(labels)-1), classes, func(i int) int { return i })
}

// knn leaves known image except(i) out of the neighbours of test image i.
func knn(known []float32, knownLabels []int32, test []float32, testLabels []int32, dim, k, classes int, except func(i int) int) float64 {
	if k <= 0 || len(testLabels) == 0 {
		return 0
	}
	n := newNeighbours(test, dim, k, classes)
	n.look(known, knownLabels, except)
	right := 0
	for i, label := range testLabels {
		if vote, voted := n.vote(i); voted && vote == label {
			right++
		}
	}
	return float64(right) / float64(len(testLabels))
}

const knnTemperature = 0.07

// neighbour is a known image and its similarity.
type neighbour struct {
	similarity float64
	at         int
	label      int32
}

// nearer orders neighbours, nearest first; of equal ones the earlier.
func nearer(a, b neighbour) bool {
	if a.similarity != b.similarity {
		return a.similarity > b.similarity
	}
	return a.at < b.at
}

// neighbours are those of test images, among the known images looked at so far.
type neighbours struct {
	test    []float32 // normalised
	classes int
	dim, k  int
	nearest [][]neighbour // of each test image, sorted
	known   int
}

func newNeighbours(test []float32, dim, k, classes int) *neighbours {
	return &neighbours{test: normalised(test, dim), dim: dim, k: k, classes: classes, nearest: make([][]neighbour, len(test)/dim)}
}

// look compares all test images with more known ones; test image i not with number
// except(i) of all.
func (n *neighbours) look(known []float32, labels []int32, except func(i int) int) {
	known = normalised(known, n.dim)
	workpool.For(len(n.nearest), func(i int) {
		x, nearest, not := n.test[i*n.dim:(i+1)*n.dim], n.nearest[i], except(i)
		if nearest == nil {
			nearest = make([]neighbour, 0, n.k+1)
		}
		for j, label := range labels {
			of := neighbour{similarity(known[j*n.dim:(j+1)*n.dim], x), n.known + j, label}
			if of.at == not || len(nearest) == n.k && !nearer(of, nearest[n.k-1]) {
				continue
			}
			at := sort.Search(len(nearest), func(i int) bool { return nearer(of, nearest[i]) })
			nearest = slices.Insert(nearest, at, of)
			nearest = nearest[:min(len(nearest), n.k)]
		}
		n.nearest[i] = nearest
	})
	n.known += len(labels)
}

// vote is the class that the neighbours of test image i vote for, if it has any; of
// classes with as many votes the first.
func (n *neighbours) vote(i int) (class int32, voted bool) {
	votes := make([]float64, n.classes)
	for _, of := range n.nearest[i] {
		votes[of.label] += math.Exp((of.similarity - 1) / knnTemperature)
	}
	best := 0
	for c := range votes {
		if votes[c] > votes[best] {
			best = c
		}
	}
	return int32(best), len(n.nearest[i]) > 0
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
