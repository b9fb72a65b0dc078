package contrast

import . "github.com/gomlx/gomlx/core/graph"

// WithMemory is NTXent whose candidates are, beside those of the batch, past
// embeddings: z [2N, D], past [Q, D] normalised rows, of which zeros are none ->
// scalar. No gradient goes into them.
func WithMemory(z, past *Node, temperature float64) (loss *Node, metrics Metrics) {
	return fromNormalized(Normalize(z), StopGradient(past), temperature)
}

// Remember puts the rows of keys [K, D], normalised, before those of past [Q, D];
// as many of the oldest go. Of more keys than Q the first Q stay.
func Remember(past, keys *Node) *Node {
	keys = Normalize(StopGradient(keys))
	q, k := past.Shape().Dim(0), keys.Shape().Dim(0)
	if k >= q {
		return Slice(keys, AxisRange(0, q))
	}
	return Concatenate([]*Node{keys, Slice(past, AxisRange(0, q-k))}, 0)
}

// remembered makes rows of past that are not there yet no candidates:
// similarities [N, Q] to past [Q, D] -> [N, Q].
func remembered(similarities, past *Node) *Node {
	there := IsPositive(ReduceSum(Square(past), 1)) // [Q]
	there = BroadcastToDims(InsertAxes(there, 0), similarities.Shape().Dimensions...)
	return Where(there, similarities, AddScalar(ZerosLike(similarities), -large))
}
