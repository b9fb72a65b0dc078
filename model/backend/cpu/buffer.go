package cpu

import (
	"reflect"
	"sync"
	"unsafe"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/pkg/errors"
)

// buffer is a tensor in host memory: shared with the caller through Data.
type buffer struct {
	backend *backend
	shape   shapes.Shape
	mu      sync.Mutex
	mem     *block // nil once finalised or donated
}

var _ compute.Buffer = (*buffer)(nil)

func (b *backend) newBuffer(shape shapes.Shape) *buffer {
	return &buffer{backend: b, shape: shape, mem: b.memory.get(byteSize(shape))}
}

// byteSize is the number of bytes of a dense tensor.
func byteSize(s shapes.Shape) int { return s.Size() * s.DType.Size() }

func (b *buffer) Backend() compute.Backend { return b.backend }

// block returns the memory, or an error after Finalize or donation.
func (b *buffer) block() (*block, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.mem == nil {
		return nil, errors.Errorf("backend %s: buffer %s was finalised or donated", Name, b.shape)
	}
	return b.mem, nil
}

// take empties the buffer and returns its memory: nil if there is none left.
func (b *buffer) take() *block {
	b.mu.Lock()
	defer b.mu.Unlock()
	mem := b.mem
	b.mem = nil
	return mem
}

// Finalize gives the memory back to the backend. It is safe to call it twice.
func (b *buffer) Finalize() error {
	if mem := b.take(); mem != nil {
		b.backend.memory.put(mem)
	}
	return nil
}

func (b *buffer) Shape() (shapes.Shape, error) { return b.shape, nil }

func (b *buffer) DeviceNum() (compute.DeviceNum, error) { return 0, nil }

func (b *buffer) Data() (any, error) {
	mem, err := b.block()
	if err != nil {
		return nil, err
	}
	return anySlice(b.shape.DType, mem.p, b.shape.Size()), nil
}

// anySlice is a slice of dtype's Go type over the n elements at p.
func anySlice(dtype dtypes.DType, p unsafe.Pointer, n int) any {
	return reflect.SliceAt(dtype.GoType(), p, n).Interface()
}

func (b *buffer) ToFlatData(flat any) error {
	mem, err := b.block()
	if err != nil {
		return err
	}
	dst, err := flatBytes(flat, b.shape)
	if err != nil {
		return err
	}
	copy(dst, view[byte](mem.p, len(dst)))
	return nil
}

func (b *buffer) CopyToDevice(device compute.DeviceNum) (compute.Buffer, error) {
	if err := checkDevice(device); err != nil {
		return nil, err
	}
	mem, err := b.block()
	if err != nil {
		return nil, err
	}
	c := b.backend.newBuffer(b.shape)
	n := byteSize(b.shape)
	copy(view[byte](c.mem.p, n), view[byte](mem.p, n))
	return c, nil
}

// flatBytes checks that flat is a slice for shape and returns its bytes.
func flatBytes(flat any, shape shapes.Shape) ([]byte, error) {
	v := reflect.ValueOf(flat)
	if v.Kind() != reflect.Slice {
		return nil, errors.Errorf("backend %s: data for %s is a %T; want a slice of %s", Name, shape, flat, shape.DType.GoType())
	}
	if v.Type().Elem() != shape.DType.GoType() {
		return nil, errors.Errorf("backend %s: data for %s is a %T; want a slice of %s", Name, shape, flat, shape.DType.GoType())
	}
	if v.Len() != shape.Size() {
		return nil, errors.Errorf("backend %s: data for %s has %d elements; want %d", Name, shape, v.Len(), shape.Size())
	}
	return view[byte](v.UnsafePointer(), byteSize(shape)), nil
}

func (b *backend) BufferFromFlatData(device compute.DeviceNum, flat any, shape shapes.Shape) (compute.Buffer, error) {
	if err := checkDevice(device); err != nil {
		return nil, err
	}
	if err := checkShape(shape); err != nil {
		return nil, err
	}
	src, err := flatBytes(flat, shape)
	if err != nil {
		return nil, err
	}
	buf := b.newBuffer(shape.Clone())
	copy(view[byte](buf.mem.p, len(src)), src)
	return buf, nil
}

func (b *backend) HasSharedBuffers() bool { return true }

func (b *backend) NewSharedBuffer(device compute.DeviceNum, shape shapes.Shape) (compute.Buffer, any, error) {
	if err := checkDevice(device); err != nil {
		return nil, nil, err
	}
	if err := checkShape(shape); err != nil {
		return nil, nil, err
	}
	buf := b.newBuffer(shape.Clone())
	clear(view[byte](buf.mem.p, byteSize(shape)))
	return buf, anySlice(shape.DType, buf.mem.p, shape.Size()), nil
}

// checkShape rejects what no tensor of this backend can have.
func checkShape(shape shapes.Shape) error {
	if !supportedDTypes[shape.DType] {
		return errors.Wrapf(compute.ErrNotImplemented, "backend %s: data type %s (shape %s)", Name, shape.DType, shape)
	}
	for _, d := range shape.Dimensions {
		if d < 0 {
			return errors.Wrapf(compute.ErrNotImplemented, "backend %s: dynamic dimension in shape %s", Name, shape)
		}
	}
	return nil
}
