package cpu

import (
	"fmt"
	"runtime"
	"sync/atomic"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/notimplemented"
	"github.com/pkg/errors"

	"github.com/retort-ml/retort/model/backend/cpu/internal/kernels"
)

// Name is the name under which the backend is registered.
const Name = "cpu"

func init() { compute.Register(Name, New) }

// Int8 is the configuration in which inference computes convolutions in 8 bits
// where their inputs have no negative values and their weights are constants of the
// graph; others stay float32. An image's result depends on no other image.
const Int8 = "int8"

// New returns a backend. Its configuration is the empty string or Int8. It is an
// error if RETORT_CPU_ISA asks for instructions that the machine does not have, or if
// Int8 would be slower than float32 and nobody asks for portable kernels.
func New(config string) (compute.Backend, error) {
	if config != "" && config != Int8 {
		return nil, errors.Errorf("unknown configuration %q; want the empty string or %s", config, Int8)
	}
	if err := kernels.Asked(); err != nil {
		return nil, err
	}
	if config == Int8 && !kernels.BytesAreFast() {
		return nil, errors.Errorf("int8 wants AVX-512 with VNNI, which %s kernels do not use: f32 is faster here (RETORT_CPU_ISA=portable computes the same slowly)", Instructions())
	}
	return &backend{memory: newMemoryPool(), bytes: config == Int8}, nil
}

type backend struct {
	notimplemented.Backend
	memory    *memoryPool
	finalized atomic.Bool
	bytes     bool // inference in 8 bits
	int8Use   atomic.Pointer[Int8Use]
	unfused   bool // every operation by itself, convolutions by their definition: for tests
}

var _ compute.Backend = (*backend)(nil)

func (b *backend) Name() string   { return Name }
func (b *backend) String() string { return Name }

func (b *backend) Description() string {
	return fmt.Sprintf("Retort CPU backend (pure Go, %s, %s kernels, %d threads)", runtime.GOARCH, Instructions(), runtime.GOMAXPROCS(0))
}

// Int8Use tells of the graph with convolutions that was compiled last, in
// configuration [Int8].
func (b *backend) Int8Use() (u Int8Use, ok bool) {
	if p := b.int8Use.Load(); p != nil {
		return *p, true
	}
	return u, false
}

func (b *backend) NumDevices() int { return 1 }

func (b *backend) DeviceDescription(compute.DeviceNum) string { return b.Description() }

func (b *backend) Capabilities() compute.Capabilities {
	c := capabilities()
	c.PreferConstantsForVariables = b.bytes // they are rounded and packed once
	return c
}

func (b *backend) Builder(name string) compute.Builder { return newBuilder(b, name) }

// Finalize drops the memory kept for reuse; the backend must not be used after.
func (b *backend) Finalize() {
	b.finalized.Store(true)
	b.memory.drop()
}

func (b *backend) IsFinalized() bool { return b.finalized.Load() }

// checkDevice rejects any device but 0.
func checkDevice(device compute.DeviceNum) error {
	if device != 0 {
		return errors.Errorf("backend %s: device %d does not exist; there is only device 0", Name, device)
	}
	return nil
}
