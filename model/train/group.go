package train

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
)

// group gathers the batches of one execution, as the backend gets them: for one
// step an execution [rows, …], for K of them [K, rows, …], of which the first n
// are there.
type group struct {
	task    task
	compute Compute
	n       int
	images  []uint8
	labels  []int32
	targets []float32
}

// prepared is a group of batches on the backend.
type prepared struct {
	n       int
	tensors []*tensors.Tensor // of device 0: images, labels, targets; then of device 1, …
	bytes   int64             // that crossed to the devices
	err     error
}

func (p prepared) release() {
	for _, t := range p.tensors {
		_ = t.FinalizeAll() // memory only: nothing can be done about a failure
	}
}

// add checks a batch and takes it in. The last one's slices are read by put.
func (g *group) add(b Batch) error {
	if err := g.task.check(b); err != nil {
		return err
	}
	labels := b.Labels
	if labels == nil {
		labels = slices.Repeat([]int32{-1}, g.task.Batch)
	}
	g.n++
	if g.compute.steps() == 1 {
		g.images, g.labels, g.targets = b.Images, labels, b.Targets
		return nil
	}
	g.images, g.labels = append(g.images, b.Images...), append(g.labels, labels...)
	if g.task.needs.Targets {
		g.targets = append(g.targets, b.Targets...)
	}
	return nil
}

// put copies the group to the backend.
func (g *group) put(backend compute.Backend) prepared {
	p := prepared{n: g.n}
	s, k, d := g.task, g.compute.steps(), g.compute.devices()
	err := guard(func() error {
		for device := range d {
			parts := []*tensors.Tensor{
				shape(part(g.images, k, d, device, s.rows()*s.ImageSize*s.ImageSize*3), k, s.rows()/d, s.ImageSize, s.ImageSize, 3),
				shape(part(g.labels, k, d, device, s.Batch), k, s.Batch/d)}
			if s.needs.Targets {
				parts = append(parts, shape(part(g.targets, k, d, device, s.Batch*s.Classes), k, s.Batch/d, s.Classes))
			}
			p.tensors = append(p.tensors, parts...)
			for _, t := range parts {
				p.bytes += t.ByteSize()
				if err := t.MaterializeOnDevice(backend, false, compute.DeviceNum(device)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		p.release()
		return prepared{err: fmt.Errorf("cannot copy the batch to the backend: %w", outOfMemory(err))}
	}
	return p
}

// part is a device's share of k batches of size values each; steps that are not
// there are zeros.
func part[T any](all []T, k, devices, device, size int) []T {
	if k == 1 && devices == 1 {
		return all
	}
	share := size / devices
	out := make([]T, k*share)
	for i := range len(all) / size {
		copy(out[i*share:(i+1)*share], all[i*size+device*share:])
	}
	return out
}

// shape makes a tensor of k batches: [k, dims…], or [dims…] of a single one.
func shape[T uint8 | int32 | float32](flat []T, k int, dims ...int) *tensors.Tensor {
	if k > 1 {
		dims = append([]int{k}, dims...)
	}
	return tensors.FromFlatDataAndDimensions(flat, dims...)
}
