package cpu

import (
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/support/backendtest"
)

// watched is a backend that remembers the graphs that are built on it.
type watched struct {
	*backend
	builders []*builder
}

func (w *watched) Builder(name string) compute.Builder {
	b := newBuilder(w.backend, name)
	w.builders = append(w.builders, b)
	return b
}

// operations are all operations of all the graphs that were compiled.
func (w *watched) operations() map[compute.OpType]bool {
	seen := map[compute.OpType]bool{}
	for _, b := range w.builders {
		if b.compiled {
			collect(b.main, seen)
		}
	}
	return seen
}

func collect(f *function, seen map[compute.OpType]bool) {
	for _, n := range f.nodes {
		if n.op < compute.OpTypeLast {
			seen[n.op] = true
		}
		if call, ok := n.attr.(callAttr); ok {
			for _, g := range call.fns {
				collect(g, seen)
			}
		}
	}
}

// TestCompliance runs the public suite over everything that is claimed, then
// what the suite leaves out, and checks that no claim went untested.
func TestCompliance(t *testing.T) {
	w := &watched{backend: fast(t).(*backend)}
	backendtest.RunAll(t, w, nil)
	claimed, seen := capabilities().Operations, w.operations()
	t.Logf("%d operations claimed, the public suite runs %d of them", len(claimed), len(seen))
	for _, c := range opCases {
		t.Run(c.op.String(), func(t *testing.T) { c.check(t, w) })
		seen[c.op] = true
	}
	for op := range w.operations() {
		seen[op] = true
	}
	for op := range claimed {
		if !seen[op] {
			t.Errorf("%s is claimed and not tested", op)
		}
	}
}
