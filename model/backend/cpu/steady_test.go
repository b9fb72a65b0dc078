//go:build !race

package cpu_test

import (
	"math"
	"runtime"
	"testing"

	"github.com/retort-ml/retort/model/train"
)

// TestSteadyStepAllocatesNoTensor: after the first steps a whole training step
// allocates less than its smallest feature map would take: bookkeeping only,
// GoMLX's and the trainer's included.
func TestSteadyStepAllocatesNoTensor(t *testing.T) {
	spec := small()
	spec.Batch = 32
	trainer, err := train.New(newBackend(t), spec)
	if err == nil {
		err = trainer.InitRandom()
	}
	if err != nil {
		t.Fatal(err)
	}
	batch := train.Batch{Images: make([]uint8, 2*spec.Batch*spec.ImageSize*spec.ImageSize*3)}
	least := uint64(math.MaxUint64) // a garbage collection may empty pools during a step
	for range 8 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := trainer.TrainStep(batch); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	firstMap := uint64(2 * spec.Batch * spec.ImageSize * spec.ImageSize * 8 * 4)
	t.Logf("%d bytes a step; the first feature map has %d", least, firstMap)
	if least > firstMap {
		t.Errorf("a steady step allocates %d bytes; want less than %d", least, firstMap)
	}
}
