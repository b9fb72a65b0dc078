package cpu

import (
	"testing"

	"github.com/gomlx/compute/support/backendtest"
)

// TestCompliance runs the public suite over everything that is claimed.
func TestCompliance(t *testing.T) {
	b, err := New("")
	if err != nil {
		t.Fatal(err)
	}
	backendtest.RunAll(t, b, nil)
}
