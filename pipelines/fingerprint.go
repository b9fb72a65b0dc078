package pipelines

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// identify sets the stage's config and fingerprint, its inputs having theirs.
func (n *node) identify(ctx context.Context) error {
	var err error
	if n.config, err = json.Marshal(n.stage); err != nil {
		return fmt.Errorf("%s: its config cannot be written as JSON: %w", n.name, err)
	}
	canonical, err := canonicalConfig(n.stage)
	if err != nil {
		return fmt.Errorf("%s: %w", n.name, err)
	}
	if n.state == nil {
		state, err := stateOf(ctx, n.stage)
		if err != nil {
			return fmt.Errorf("%s: %w", n.name, err)
		}
		n.state = &state
	}
	n.fingerprint = n.sum(canonical, *n.state)
	return nil
}

func stateOf(ctx context.Context, stage any) (string, error) {
	if s, ok := stage.(Stateful); ok {
		return s.State(ctx)
	}
	return "", nil
}

func (n *node) sum(canonical []byte, state string) string {
	var in edgeJSON
	if n.in != nil && !n.in.IsZero() {
		in = edgeJSON{n.in.source().fingerprint, n.inPort}
	}
	return fingerprint(n.erased.name, versionOf(n.stage), canonical, in, state)
}

// fingerprint is SHA-256 over a stage's type and version, its canonical config
// (which holds the fingerprints of inputs by field), its input by position and
// the state of the world that it reads.
func fingerprint(name string, version int, canonical []byte, in edgeJSON, state string) string {
	h := sha256.New()
	fmt.Fprintf(h, "retort stage 1\n%s\n%d\n%d\n", name, version, len(canonical))
	h.Write(canonical)
	if in.Fingerprint != "" {
		fmt.Fprintf(h, "\nin %s %s", in.Fingerprint, in.Port)
	}
	io.WriteString(h, "\nstate "+state)
	return hex.EncodeToString(h.Sum(nil))
}

// canonicalConfig is the stage's config as JSON without the fields that do not
// change its result.
func canonicalConfig(stage any) ([]byte, error) {
	if c, ok := stage.(interface{ canonical() ([]byte, error) }); ok {
		return c.canonical()
	}
	data, err := json.Marshal(stage)
	if err != nil {
		return nil, err
	}
	tree, err := decodeTree(data)
	if err != nil {
		return nil, err
	}
	prune(tree, reflect.TypeOf(stage))
	return json.Marshal(tree) // map keys are sorted
}

// decodeTree decodes JSON of any shape; numbers stay as they are written, so
// that large seeds keep all their digits.
func decodeTree(data []byte) (tree any, err error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	err = d.Decode(&tree)
	return tree, err
}

// prune removes from tree what t's fields tagged fingerprint:"-" wrote.
func prune(tree any, t reflect.Type) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	m, ok := tree.(map[string]any)
	if !ok || t.Kind() != reflect.Struct {
		return
	}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			prune(tree, f.Type)
			continue
		}
		if name == "" {
			name = f.Name
		}
		if f.Tag.Get("fingerprint") == "-" {
			delete(m, name)
			continue
		}
		if sub, ok := m[name]; ok {
			prune(sub, f.Type)
		}
	}
}
