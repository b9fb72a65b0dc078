package cpu

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/pkg/errors"
)

// executable is a compiled main function. It may run several times at once.
type executable struct {
	graph   string
	names   []string
	program *program
}

var _ compute.Executable = (*executable)(nil)

func newExecutable(b *builder, p *program) *executable {
	e := &executable{graph: b.name, program: p}
	for _, n := range b.main.params {
		e.names = append(e.names, n.attr.(string))
	}
	return e
}

// Finalize drops the memory kept for the next execution.
func (e *executable) Finalize() {
	e.program.mu.Lock()
	defer e.program.mu.Unlock()
	e.program.idle = nil
}

func (e *executable) Inputs() ([]string, []shapes.Shape) { return e.names, e.program.inputs }

func (e *executable) Outputs() []shapes.Shape { return e.program.outputs }

// Execute runs the program. Nothing is donated unless it succeeds so far that
// the steps start.
func (e *executable) Execute(inputs []compute.Buffer, donate []bool, device compute.DeviceNum) (out []compute.Buffer, err error) {
	if err := checkDevice(device); err != nil {
		return nil, err
	}
	buffers, err := e.check(inputs, donate)
	if err != nil {
		return nil, errors.WithMessagef(err, "backend %s: executing graph %q", Name, e.graph)
	}
	defer func() {
		if r := recover(); r != nil {
			out, err = nil, errors.Errorf("backend %s: executing graph %q: %v", Name, e.graph, r)
		}
	}()
	return e.run(buffers, donate), nil
}

func (e *executable) check(inputs []compute.Buffer, donate []bool) ([]*buffer, error) {
	p := e.program
	if len(inputs) != len(p.inputs) {
		return nil, errors.Errorf("%d inputs; want %d", len(inputs), len(p.inputs))
	}
	if len(donate) != 0 && len(donate) != len(inputs) {
		return nil, errors.Errorf("%d donation flags for %d inputs", len(donate), len(inputs))
	}
	buffers := make([]*buffer, len(inputs))
	for i, in := range inputs {
		b, ok := in.(*buffer)
		if !ok || b == nil {
			return nil, errors.Errorf("input %d (%s) is a %T, not a buffer of this backend", i, e.names[i], in)
		}
		if !sameShape(b.shape, p.inputs[i]) {
			return nil, errors.Errorf("input %d (%s) is %s; want %s", i, e.names[i], b.shape, p.inputs[i])
		}
		if _, err := b.block(); err != nil {
			return nil, errors.WithMessagef(err, "input %d (%s)", i, e.names[i])
		}
		buffers[i] = b
	}
	return buffers, nil
}

func sameShape(a, b shapes.Shape) bool {
	return a.DType == b.DType && equalDims(a.Dimensions, b.Dimensions)
}

func (e *executable) run(inputs []*buffer, donate []bool) []compute.Buffer {
	p := e.program
	fr := p.acquire()
	blocks := make([]*block, len(inputs))
	shared := map[*block]int{}
	for i, b := range inputs {
		blocks[i], _ = b.block()
		if blocks[i] == nil {
			panic(fmt.Sprintf("input %d was finalised while the execution started", i))
		}
		shared[blocks[i]]++
		fr.ptr[p.inputSlots[i]] = blocks[i].p
	}
	mine := func(i int) bool { return len(donate) > 0 && donate[i] && shared[blocks[i]] == 1 }
	outputs := make([]compute.Buffer, len(p.outputs))
	taken := make([]bool, len(inputs))
	for o, shape := range p.outputs {
		buf := &buffer{backend: p.backend, shape: shape.Clone()}
		if d := p.donor[o]; d >= 0 && mine(d) {
			buf.mem, taken[d] = blocks[d], true
		} else {
			buf.mem = p.backend.memory.get(byteSize(shape))
		}
		outputs[o] = buf
		fr.ptr[p.outputSlots[o]] = buf.mem.p
	}
	fr.run()
	p.release(fr)
	for i, b := range inputs {
		if len(donate) > 0 && donate[i] {
			if mem := b.take(); mem != nil && !taken[i] {
				p.backend.memory.put(mem)
			}
		}
	}
	return outputs
}
