package train

import (
	"fmt"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Traffic counts what a trainer moved between host and devices, in bytes, and
// how often it compiled. State that stays on a device counts nothing.
type Traffic struct {
	Batches      int64 // images, labels, targets: to the devices
	State        int64 // weights and slots: to the devices
	Figures      int64 // back
	Checkpoints  int64 // back
	Executions   int
	Compilations int
}

// Traffic is what the trainer moved so far.
func (t *Trainer) Traffic() Traffic { return t.traffic }

// run does the steps of one execution, takes over the new state, and returns
// what is known of those that were good: an error comes with the last of them.
func (t *Trainer) run(p prepared) (steps []Metrics, err error) {
	defer p.release()
	rates := make([]float64, t.compute.steps())
	for i := range rates {
		rates[i] = t.task.Schedule.At(min(t.step+i, t.task.Steps-1), t.task.Batch, t.task.Steps)
	}
	var out []*tensors.Tensor
	err = guard(func() (err error) {
		out, err = t.execute(p, rates)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("train: step %d: %w", t.step, outOfMemory(err))
	}
	t.traffic.Batches += p.bytes
	t.traffic.Executions++
	vectors, err := t.take(out)
	if err != nil {
		return nil, fmt.Errorf("train: step %d: cannot read its metrics: %w", t.step, err)
	}
	for i := range p.n {
		m := t.metrics(vectors[i*len(t.reported) : (i+1)*len(t.reported)])
		m.LearningRate = rates[i]
		t.step++
		if err := notFinite(m.Step, m.Loss+m.WeightDecay, rates[i]); err != nil { // a probe that diverges harms nobody
			return steps, err
		}
		steps = append(steps, m)
	}
	return steps, nil
}

// execute calls the backend.
func (t *Trainer) execute(p prepared, rates []float64) ([]*tensors.Tensor, error) {
	if t.chunked != nil {
		return t.chunked.step(p, rates[0])
	}
	args, err := t.arguments(p, rates)
	if err != nil {
		return nil, err
	}
	return t.exec.Call(args...)
}

// take makes an execution's outputs the state of each device, and returns its
// vectors of figures.
func (t *Trainer) take(out []*tensors.Tensor) (vectors []float32, err error) {
	n := len(out) / len(t.replicas)
	for d := range t.replicas {
		r, mine := &t.replicas[d], out[d*n:(d+1)*n]
		for k, i := range t.changed {
			r.weights[i] = mine[k]
		}
		r.slots = mine[len(t.changed) : n-1]
		if d == 0 {
			vectors, err = tensors.CopyFlatData[float32](mine[n-1])
			t.traffic.Figures += mine[n-1].ByteSize()
		}
		_ = mine[n-1].FinalizeAll() // memory only
	}
	if want := t.compute.steps() * len(t.reported); err == nil && len(vectors) != want {
		err = fmt.Errorf("there are %d figures; want %d", len(vectors), want)
	}
	return vectors, err
}

// arguments are the step graph's inputs, those of device 0 first. What the step
// replaces is donated.
func (t *Trainer) arguments(p prepared, rates []float64) ([]any, error) {
	var args []any
	perDevice := len(p.tensors) / len(t.replicas)
	for d, r := range t.replicas {
		device, first := compute.DeviceNum(d), len(args)
		for _, w := range r.weights {
			args = append(args, t.moved(w))
		}
		for _, i := range t.changed {
			donated, err := graph.DonateTensorBuffer(r.weights[i], t.backend, device)
			if err != nil {
				return nil, err
			}
			args[first+i] = donated
		}
		for _, s := range r.slots {
			donated, err := graph.DonateTensorBuffer(t.moved(s), t.backend, device)
			if err != nil {
				return nil, err
			}
			args = append(args, donated)
		}
		args = append(args, t.rates(p.n, rates)...)
		for _, b := range p.tensors[d*perDevice : (d+1)*perDevice] {
			args = append(args, b)
		}
	}
	return args, nil
}

// rates are the scalars of an execution: learning rate and step; of several steps
// the rates, the first step and how many there are.
func (t *Trainer) rates(n int, rates []float64) []any {
	if len(rates) == 1 {
		return []any{float32(rates[0]), float32(t.step)}
	}
	all := make([]float32, len(rates))
	for i, r := range rates {
		all[i] = float32(r)
	}
	return []any{all, float32(t.step), int32(n)}
}

// moved counts a tensor of the state that is not on a device yet.
func (t *Trainer) moved(x *tensors.Tensor) *tensors.Tensor {
	if !x.IsOnAnyDevice() {
		t.traffic.State += x.ByteSize()
	}
	return x
}

// outOfMemory says what to do where a device has no memory left.
func outOfMemory(err error) error {
	text := err.Error()
	if !strings.Contains(text, "RESOURCE_EXHAUSTED") && !strings.Contains(text, "Out of memory") {
		return err
	}
	line, _, _ := strings.Cut(text, "\n")
	return fmt.Errorf("the device has no memory left for it: take a smaller batch, remat, chunks, precision bf16 or more devices (%s)", line)
}
