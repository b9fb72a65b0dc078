package cpu_test

import (
	"testing"

	"github.com/retort-ml/retort/model/backend/cpu"
	"github.com/retort-ml/retort/model/backend/cpu/internal/kernels"
)

// TestNormsComputedAgainChangeNoBit: weights and optimiser state after whole
// steps are those of a training that keeps every result, and a step is the
// smaller for it.
func TestNormsComputedAgainChangeNoBit(t *testing.T) {
	for _, isa := range kernels.Supported() {
		t.Run(isa, func(t *testing.T) {
			defer kernels.Use(isa)()
			again := fingerprint(t, trained(t, small(), 3))
			steps := func() (n int) {
				stop := cpu.Profile()
				trained(t, small(), 1)
				for _, s := range stop() {
					if s.Op == "BatchNormAgain" {
						n++
					}
				}
				return n
			}
			if n := steps(); n != 8 { // within each of 8 blocks; a shortcut reads the stem, too
				t.Errorf("%d normalisations are computed again; want 8", n)
			}
			defer cpu.KeepNorms()()
			if n := steps(); n != 0 {
				t.Errorf("%d normalisations are computed again where all are kept", n)
			}
			if kept := fingerprint(t, trained(t, small(), 3)); kept != again {
				t.Error("normalisations that are computed again train another network")
			}
		})
	}
}
