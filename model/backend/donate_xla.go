//go:build xla

package backend

import (
	"errors"
	"reflect"
	"sync"
	"unsafe"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/go-xla/stablehlo"
)

// donating is XLA, whose programs may write their results over the inputs that are
// donated: weights and optimiser lie on the device once, not twice while a step
// runs. go-xla frees donated inputs only after the outputs have been allocated,
// since XLA plans memory when it compiles and must be told then, by an attribute
// of the parameter. Which inputs are donated is seen at the first execution; so
// programs are compiled there.
type donating struct{ compute.Backend }

// donor is the attribute of a parameter that may be overwritten.
const donor = "jax.buffer_donor"

func (b *donating) Builder(name string) compute.Builder {
	return &donatingBuilder{Builder: b.Backend.Builder(name), backend: b}
}

func (b *donating) BufferFromFlatData(device compute.DeviceNum, flat any, shape shapes.Shape) (compute.Buffer, error) {
	return b.wrap(b.Backend.BufferFromFlatData(device, flat, shape))
}

func (b *donating) NewSharedBuffer(device compute.DeviceNum, shape shapes.Shape) (compute.Buffer, any, error) {
	x, flat, err := b.Backend.NewSharedBuffer(device, shape)
	wrapped, err := b.wrap(x, err)
	return wrapped, flat, err
}

func (b *donating) wrap(x compute.Buffer, err error) (compute.Buffer, error) {
	if err != nil {
		return nil, err
	}
	return &donatingBuffer{Buffer: x, backend: b}, nil
}

// donatingBuffer belongs to donating: a tensor knows its backend by its buffer.
type donatingBuffer struct {
	compute.Buffer
	backend *donating
}

func (x *donatingBuffer) Backend() compute.Backend { return x.backend }

func (x *donatingBuffer) CopyToDevice(device compute.DeviceNum) (compute.Buffer, error) {
	return x.backend.wrap(x.Buffer.CopyToDevice(device))
}

type donatingBuilder struct {
	compute.Builder
	backend *donating
}

func (b *donatingBuilder) Compile() (compute.Executable, error) {
	return &donatingProgram{builder: b.Builder, backend: b.backend}, nil
}

// donatingProgram is compiled at its first execution.
type donatingProgram struct {
	backend *donating

	mu       sync.Mutex
	builder  compute.Builder // nil once it is compiled
	compiled compute.Executable
	err      error
}

// program compiles once; donate has a value for each input of each device.
func (p *donatingProgram) program(donate []bool) (compute.Executable, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.builder != nil {
		markDonors(p.builder.Main(), donate)
		p.compiled, p.err = p.builder.Compile()
		p.builder = nil
	}
	return p.compiled, p.err
}

// markDonors gives parameters of an XLA function the attribute. go-xla's StableHLO
// writes it, its Function hands no attributes down: the StableHLO function is taken
// out of it. Where another version has it elsewhere nothing is marked, and the
// program runs as without.
func markDonors(main compute.Function, donate []bool) {
	f, ok := main.(*xla.Function)
	if !ok {
		return
	}
	field := reflect.ValueOf(f).Elem().FieldByName("fn")
	if !field.IsValid() || field.Type() != reflect.TypeFor[*stablehlo.Function]() {
		return
	}
	fn := *(**stablehlo.Function)(unsafe.Pointer(field.UnsafeAddr())) //nolint:gosec // read only; its type is checked
	for i, input := range fn.Inputs {
		if i >= len(donate) || !donate[i] {
			continue
		}
		if input.Attributes == nil {
			input.Attributes = map[string]any{}
		}
		input.Attributes[donor] = true
	}
}

func (p *donatingProgram) Execute(inputs []compute.Buffer, donate []bool, device compute.DeviceNum) ([]compute.Buffer, error) {
	e, err := p.program(donate)
	if err != nil {
		return nil, err
	}
	own := make([]compute.Buffer, len(inputs))
	for i, x := range inputs {
		w, ok := x.(*donatingBuffer)
		if !ok {
			return nil, errors.New("an input's buffer is another backend's")
		}
		own[i] = w.Buffer
	}
	out, err := e.Execute(own, donate, device)
	if err != nil {
		return nil, err
	}
	for i, x := range out {
		out[i], _ = p.backend.wrap(x, nil)
	}
	return out, nil
}

// Inputs are those of the compiled program, which has none before it ran.
func (p *donatingProgram) Inputs() ([]string, []shapes.Shape) {
	e, err := p.program(nil)
	if err != nil {
		return nil, nil
	}
	return e.Inputs()
}

func (p *donatingProgram) Outputs() []shapes.Shape {
	e, err := p.program(nil)
	if err != nil {
		return nil
	}
	return e.Outputs()
}

func (p *donatingProgram) Finalize() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.builder = nil
	if p.compiled != nil {
		p.compiled.Finalize()
	}
	if p.err == nil {
		p.err = errors.New("the program was finalised")
	}
	p.compiled = nil
}
