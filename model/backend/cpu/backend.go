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

// New returns a backend. The only configuration is the empty string. It is an
// error if RETORT_CPU_ISA asks for instructions that the machine does not have.
func New(config string) (compute.Backend, error) {
	if config != "" {
		return nil, errors.Errorf("backend %s: unknown configuration %q; want the empty string", Name, config)
	}
	if err := kernels.Asked(); err != nil {
		return nil, errors.WithMessagef(err, "backend %s", Name)
	}
	return &backend{memory: newMemoryPool()}, nil
}

type backend struct {
	notimplemented.Backend
	memory    *memoryPool
	finalized atomic.Bool
	unfused   bool // every operation by itself, convolutions by their definition: for tests
}

var _ compute.Backend = (*backend)(nil)

func (b *backend) Name() string   { return Name }
func (b *backend) String() string { return Name }

func (b *backend) Description() string {
	return fmt.Sprintf("Retort CPU backend (pure Go, %s, %s kernels, %d threads)", runtime.GOARCH, Instructions(), runtime.GOMAXPROCS(0))
}

func (b *backend) NumDevices() int { return 1 }

func (b *backend) DeviceDescription(compute.DeviceNum) string { return b.Description() }

func (b *backend) Capabilities() compute.Capabilities { return capabilities() }

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
