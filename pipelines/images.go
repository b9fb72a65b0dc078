package pipelines

import (
	"slices"

	"github.com/retort-ml/retort/io/artifact"
)

// ImagesMeta is the kind-specific part of an Images artifact's manifest.
type ImagesMeta struct {
	// Classes are the names of the labels, sorted; label i is Classes[i].
	Classes []string `json:"classes"`
}

// IndexFiles are the index shards of an Images artifact (of the edge's port,
// where it has one).
func IndexFiles(a Artifact[Images]) []artifact.File { return a.Files("index") }

// SortedKeys are the keys of m in order.
func SortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
