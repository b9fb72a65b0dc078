package pipelines

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/retort-ml/retort/io/artifact"
)

// A fingerprint says how an artifact came about, and is known before anything
// runs. A stage whose fingerprint changed need not run all the same, if what it
// reads did not: other labels give another split, with the same images to train
// on. The content key is the fingerprint with the inputs' contents in place of
// their fingerprints; it is known once the inputs are there, and the manifest
// keeps it.

// contentKey is empty while an input is not finished, and for a stage without
// inputs, of which the fingerprint says all.
func (n *node) contentKey() string {
	inputs := map[string]*artifact.Manifest{}
	for _, in := range n.inputs() {
		if in.manifest == nil {
			return ""
		}
		inputs[in.fingerprint] = in.manifest
	}
	canonical, err := canonicalConfig(n.stage)
	if err != nil || n.state == nil {
		return ""
	}
	var in edgeJSON
	if n.in != nil && !n.in.IsZero() {
		in = edgeJSON{n.in.source().fingerprint, n.inPort}
	}
	return contentKey(n.erased.name, versionOf(n.stage), canonical, in, *n.state, inputs)
}

// contentKey is fingerprint with contents: inputs holds manifests by fingerprint.
func contentKey(name string, version int, canonical []byte, in edgeJSON, state string, inputs map[string]*artifact.Manifest) string {
	if len(inputs) == 0 {
		return ""
	}
	tree, err := decodeTree(canonical)
	if err != nil {
		return ""
	}
	if canonical, err = json.Marshal(withContents(tree, inputs)); err != nil {
		return ""
	}
	if m := inputs[in.Fingerprint]; m != nil {
		in.Fingerprint = contentOf(m, in.Port)
	}
	return fingerprint(name, version, canonical, in, state)
}

// holdsFor reports whether running the stage would make the artifact of m again.
func (n *node) holdsFor(m *artifact.Manifest) bool {
	if m.Content == "" || m.Type != n.erased.name {
		return false
	}
	return m.Content == n.contentKey()
}

// withContents puts contents in the place of the fingerprints of edges.
func withContents(tree any, inputs map[string]*artifact.Manifest) any {
	switch t := tree.(type) {
	case []any:
		for i := range t {
			t[i] = withContents(t[i], inputs)
		}
	case map[string]any:
		if f, ok := t["fingerprint"].(string); ok && inputs[f] != nil {
			port, _ := t["port"].(string)
			return map[string]any{"content": contentOf(inputs[f], port), "port": port}
		}
		for k := range t {
			t[k] = withContents(t[k], inputs)
		}
	}
	return tree
}

// contentOf sums up what those who read the artifact can see: of one with a port
// its files and meta, else all but how it came about.
func contentOf(m *artifact.Manifest, port string) string {
	seen := artifact.Manifest{Kind: m.Kind, Files: m.Files, Counts: m.Counts, Quarantine: m.Quarantine, Notes: m.Notes, Meta: m.Meta, PortMeta: m.PortMeta}
	if own, ok := m.PortMeta[port]; ok && port != "" {
		seen = artifact.Manifest{Kind: m.Kind, Files: filesOf(m, port), Meta: own}
	}
	data, err := json.Marshal(seen)
	if err != nil {
		return m.Fingerprint // nothing equals it but itself
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
