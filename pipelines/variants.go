package pipelines

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Variants makes a graph of many variants of a graph, in which what is the same is
// one stage: [Add] of a stage whose config and inputs are those of one that is
// there already returns its edge. Stages are told apart by what they are: a hash
// of both stands behind the name that Add is given ("pretrain-1f3a90c2"), so that
// a variant finds its artifacts again whatever others come or go.
//
// Of fields that do not change a result (fingerprint:"-") those of the first hold.
func Variants() Option { return func(g *Graph) { g.shared = map[string]*node{} } }

// KeepGoing makes a stage that fails stop those alone that depend on it.
// [Graph.Execute] then returns the errors of all that failed, joined.
func KeepGoing() Option { return func(g *Graph) { g.keepGoing = true } }

// share returns the stage that makes what n would; nil where n is the first,
// which gets its name here.
func (g *Graph) share(n *node) *node {
	canonical, err := canonicalConfig(n.stage)
	if err != nil {
		g.fail("%s: its config cannot be written as JSON: %w", n.name, err)
		return nil
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%s\n", n.name, n.erased.name, canonical)
	if n.in != nil && !n.in.IsZero() {
		fmt.Fprintf(h, "%s %s", n.in.source().fingerprint, n.inPort)
	}
	key := hex.EncodeToString(h.Sum(nil))
	if same := g.shared[key]; same != nil {
		return same
	}
	n.fingerprint = key // edges are written by it; Plan sets the real one
	n.name += "-" + key[:8]
	g.shared[key] = n
	return nil
}

// brokenInput is a stage that n depends on and that failed, nil where none did.
func (n *node) brokenInput(failed map[*node]bool) *node {
	for _, before := range n.before() {
		if failed[before] {
			return before
		}
	}
	return nil
}
