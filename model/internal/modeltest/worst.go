package modeltest

import (
	"sync"
	"testing"
)

// worst are the largest deviations that a test met, each with what it was of.
type worst struct {
	relative, share     float64
	relativeOf, shareOf string
}

var deviations struct {
	sync.Mutex
	of map[testing.TB]*worst
}

// Deviates notes how far something is from its reference: relative to the
// reference's size (negative: it has none), and as a share of what is allowed.
// When the test ends it says the largest of both (go test -v).
func Deviates(t testing.TB, what string, relative, share float64) {
	t.Helper()
	deviations.Lock()
	defer deviations.Unlock()
	w := deviations.of[t]
	if w == nil {
		w = &worst{}
		if deviations.of == nil {
			deviations.of = map[testing.TB]*worst{}
		}
		deviations.of[t] = w
		t.Cleanup(func() {
			t.Logf("largest deviation: %.2g relative (%s), %.2g of what is allowed (%s)", w.relative, w.relativeOf, w.share, w.shareOf)
			deviations.Lock()
			delete(deviations.of, t)
			deviations.Unlock()
		})
	}
	if w.relativeOf == "" || relative > w.relative {
		w.relative, w.relativeOf = max(0, relative), what
	}
	if w.shareOf == "" || share > w.share {
		w.share, w.shareOf = share, what
	}
}
