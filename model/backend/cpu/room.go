package cpu

import (
	"github.com/gomlx/compute/shapes"
	"github.com/pkg/errors"

	"github.com/retort-ml/retort/internal/sysmem"
)

// totalMemory is what the process can have, or 0; tests change it.
var totalMemory = sysmem.Total

// room is an error if a program cannot ever fit: the runtime would end the
// process without a word of the cause.
func (p *program) room() error {
	has := totalMemory()
	inputs, outputs := bytesOf(p.inputs), bytesOf(p.outputs)
	need := float64(p.arenaBytes) + inputs + outputs
	if has == 0 || need <= float64(has) {
		return nil
	}
	const gib = 1 << 30
	return errors.Errorf("an execution needs %.3g GiB (inputs %.3g, intermediate results %.3g, outputs %.3g); there are %.3g GiB of memory: use a smaller batch, image or network",
		need/gib, inputs/gib, float64(p.arenaBytes)/gib, outputs/gib, float64(has)/gib)
}

func bytesOf(list []shapes.Shape) (sum float64) {
	for _, s := range list {
		sum += float64(byteSize(s))
	}
	return sum
}
