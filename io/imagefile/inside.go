package imagefile

import (
	"path/filepath"
	"strings"

	store "github.com/retort-ml/retort/io/blob"
)

// insideScheme begins the URI of an image whose bytes lie in an artifact: what
// follows is, on disk, the way there from the artifact that holds the reference,
// and in memory the place itself. So a run stays whole wherever its folder goes.
const insideScheme = "artifact:"

// Inside is the URI of a file of an artifact, given its path or URL.
func Inside(place string) string { return insideScheme + place }

// Place is the path or URL of the file that a URI in memory names.
func Place(uri string) string { return strings.TrimPrefix(uri, insideScheme) }

// ToArtifact is a URI in memory as it rests in the artifact at d.
func ToArtifact(uri string, d store.Dir) string {
	place, inside := strings.CutPrefix(uri, insideScheme)
	if !inside {
		return uri
	}
	if rel, ok := d.Relative(place); ok {
		return insideScheme + rel
	}
	return uri
}

// FromArtifact is a URI in memory that rests in the artifact at d.
func FromArtifact(uri string, d store.Dir) string {
	rel, inside := strings.CutPrefix(uri, insideScheme)
	if !inside || store.Scheme(rel) != "" || filepath.IsAbs(rel) {
		return uri
	}
	return insideScheme + d.In(rel).String()
}
