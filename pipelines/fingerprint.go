package pipelines

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// fingerprintNodes sets every stage's config and fingerprint. order must have
// inputs before the stages that read them.
func fingerprintNodes(ctx context.Context, order []*node) error {
	for _, n := range order {
		var err error
		if n.config, err = json.Marshal(n.stage); err != nil {
			return fmt.Errorf("%s: its config cannot be written as JSON: %w", n.name, err)
		}
		canonical, err := canonicalConfig(n.stage)
		if err != nil {
			return fmt.Errorf("%s: %w", n.name, err)
		}
		state := ""
		if s, ok := n.stage.(Stateful); ok {
			if state, err = s.State(ctx); err != nil {
				return fmt.Errorf("%s: %w", n.name, err)
			}
		}
		n.fingerprint = n.sum(canonical, state)
	}
	return nil
}

// sum is SHA-256 over the stage's type and version, its canonical config
// (which holds the fingerprints of inputs by field), its input by position and
// the state of the world that it reads.
func (n *node) sum(canonical []byte, state string) string {
	version := 0
	if v, ok := n.stage.(Versioned); ok {
		version = v.StageVersion()
	}
	h := sha256.New()
	fmt.Fprintf(h, "retort stage 1\n%s\n%d\n%d\n", n.erased.name, version, len(canonical))
	h.Write(canonical)
	if n.in != nil && !n.in.IsZero() {
		fmt.Fprintf(h, "\nin %s %s", n.in.source().fingerprint, n.inPort)
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
	var tree any
	if err := json.Unmarshal(data, &tree); err != nil {
		return nil, err
	}
	prune(tree, reflect.TypeOf(stage))
	return json.Marshal(tree) // map keys are sorted
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
