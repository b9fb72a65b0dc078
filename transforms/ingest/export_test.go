package ingest

import "testing"

// Finely makes shards, pieces and ranges small until the test ends.
func Finely(t *testing.T) {
	before := sizes
	t.Cleanup(func() { sizes = before })
	sizes.shards, sizes.pieceEntries, sizes.shardEntries, sizes.rangeRefs, sizes.markEvery = 2, 3, 7, 5, 2
}
