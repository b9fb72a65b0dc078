package cpu

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/notimplemented"
	"github.com/gomlx/compute/shapes"
	"github.com/pkg/errors"
)

type builder struct {
	notimplemented.Builder
	backend  *backend
	name     string
	main     *function
	named    map[string]bool
	compiled bool
}

var _ compute.Builder = (*builder)(nil)

func newBuilder(b *backend, name string) *builder {
	bld := &builder{backend: b, name: name, named: map[string]bool{compute.MainName: true}}
	bld.main = newFunction(bld, nil, compute.MainName)
	return bld
}

func (b *builder) Name() string { return b.name }

func (b *builder) Main() compute.Function { return b.main }

func (b *builder) NewFunction(name string) (compute.Function, error) {
	if b.compiled {
		return nil, b.errorf("NewFunction(%q) after Compile", name)
	}
	if name == "" || b.named[name] {
		return nil, b.errorf("NewFunction(%q): the name must be new and not empty", name)
	}
	b.named[name] = true
	return newFunction(b, nil, name), nil
}

func (b *builder) OpShape(op compute.Value) (shapes.Shape, error) {
	n, ok := op.(*node)
	if !ok {
		return shapes.Invalid(), b.errorf("OpShape: %T is not a value of this backend", op)
	}
	return n.shape, nil
}

func (b *builder) DeviceAssignment(devices ...compute.DeviceNum) error {
	if len(devices) != 1 {
		return b.errorf("DeviceAssignment: %d devices; want 1", len(devices))
	}
	return checkDevice(devices[0])
}

// Compile turns the main function into an executable.
func (b *builder) Compile() (exec compute.Executable, err error) {
	if b.compiled {
		return nil, b.errorf("Compile called twice")
	}
	if b.main.returned == nil {
		return nil, b.errorf("Compile before Return was called on the main function")
	}
	b.compiled = true
	defer func() {
		if r := recover(); r != nil {
			err = b.errorf("Compile: %v", r)
		}
	}()
	p, err := compileFunction(b.backend, b.main)
	if err == nil {
		err = p.room()
	}
	if err != nil {
		return nil, errors.WithMessagef(err, "backend %s: graph %q", Name, b.name)
	}
	return newExecutable(b, p), nil
}

func (b *builder) errorf(format string, args ...any) error {
	return errors.Errorf("backend %s: graph %q: %s", Name, b.name, fmt.Sprintf(format, args...))
}
