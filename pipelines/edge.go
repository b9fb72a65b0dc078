package pipelines

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
)

// The kinds of artifact that edges carry. A package may define more: any type
// serves as a kind, its name is what manifests and messages show.
type (
	// None is the input of a stage that reads no artifact by position.
	None struct{}
	// Images is an index of references to images, without their pixels.
	Images struct{}
	// Views is a set of TFRecord shards of augmented views.
	Views struct{}
	// Encoder is a checkpoint of a pretrained network with its projection head.
	Encoder struct{}
	// Classifier is a checkpoint of a network with a supervised head.
	Classifier struct{}
	// Targets is a set of TFRecord shards of teacher logits, one record a view.
	Targets struct{}
	// Metrics is the result of an evaluation.
	Metrics struct{}
	// Report is a folder with an HTML page for people.
	Report struct{}
)

// Edge carries an artifact of kind T from the stage that makes it to those
// that use it. The zero Edge carries nothing.
type Edge[T any] struct {
	node *node
	port string
	// fingerprint and stage stand in for node where the edge was decoded.
	fingerprint string
	stage       string
}

// Input is an Edge of any kind.
type Input interface {
	source() *node
	part() string
	IsZero() bool
}

func (e Edge[T]) source() *node { return e.node }
func (e Edge[T]) part() string  { return e.port }

// Folder is the collection of one string, the artifact's folder, that an edge
// of [Apply] carries in a Beam pipeline. Edges of a graph have none.
func (e Edge[T]) Folder() beam.PCollection {
	if e.node == nil || e.node.applied == nil {
		panic("pipelines: Folder of an edge that no Beam pipeline carries")
	}
	return e.node.applied.folder
}

// IsZero reports whether the edge carries nothing.
func (e Edge[T]) IsZero() bool { return e.node == nil && e.fingerprint == "" }

// Stage is the name of the stage that the edge comes from.
func (e Edge[T]) Stage() string {
	if e.node != nil {
		return e.node.name
	}
	return e.stage
}

// Fingerprint of the artifact it carries; empty before the graph is planned.
func (e Edge[T]) Fingerprint() string {
	if e.node != nil {
		return e.node.fingerprint
	}
	return e.fingerprint
}

// edgeJSON is what an edge is in a stage's config: what it carries, by
// content, so that renaming a stage invalidates nothing.
type edgeJSON struct {
	Fingerprint string `json:"fingerprint"`
	Port        string `json:"port,omitempty"`
}

// MarshalJSON writes the fingerprint of what the edge carries.
func (e Edge[T]) MarshalJSON() ([]byte, error) {
	if e.IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(edgeJSON{e.Fingerprint(), e.port})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (e *Edge[T]) UnmarshalJSON(data []byte) error {
	var j edgeJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	*e = Edge[T]{port: j.Port, fingerprint: j.Fingerprint}
	return nil
}

// Port is the part of a stage's artifact whose data files start with name: how
// a stage with several outputs hands each of them on.
func Port[To, From any](e Edge[From], name string) Edge[To] {
	return Edge[To]{node: e.node, port: name, fingerprint: e.fingerprint, stage: e.stage}
}

// Artifact is a finished artifact of kind T, open for reading.
type Artifact[T any] struct {
	Port     string
	Manifest *artifact.Manifest
	dir      blob.Dir
}

// Files are the data files of the artifact (of its port, where it has one)
// whose names start with prefix followed by '-' or '.'.
func (a Artifact[T]) Files(prefix string) []artifact.File {
	if a.Port != "" {
		prefix = a.Port
	}
	return filesOf(a.Manifest, prefix)
}

func filesOf(m *artifact.Manifest, prefix string) []artifact.File {
	var files []artifact.File
	for _, f := range m.Files {
		if rest, ok := strings.CutPrefix(f.Name, prefix); ok && rest != "" && (rest[0] == '-' || rest[0] == '.') {
			files = append(files, f)
		}
	}
	return files
}

// Meta decodes the manifest's kind-specific part (the port's, where it has one
// of its own) into v.
func (a Artifact[T]) Meta(v any) error {
	if own := a.Manifest.PortMeta[a.Port]; a.Port != "" && len(own) > 0 {
		return json.Unmarshal(own, v)
	}
	if len(a.Manifest.Meta) == 0 {
		return fmt.Errorf("%s: the manifest has no meta part", a.dir)
	}
	return json.Unmarshal(a.Manifest.Meta, v)
}

// Fingerprint of the artifact.
func (a Artifact[T]) Fingerprint() string { return a.Manifest.Fingerprint }
