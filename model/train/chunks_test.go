package train

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/contrast"
	"github.com/retort-ml/retort/model/nn"
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/model/optim"
)

// chunkable is a training whose momentum after the first step is minus the gradient (its rate is 1).
func chunkable(chunk int) Spec {
	s := tiny(objective.NTXent)
	s.Batch, s.Chunk, s.Steps = 12, chunk, 1
	s.Optimizer, s.Schedule = optim.SGD(1e-3), optim.Schedule{Base: 1, Scaling: optim.FixedScaling}
	s.ObjectiveSettings = []byte(`{"memory":30,"momentum":0.9}`)
	return s
}

// oneStep trains for a step, and says what it came to.
func oneStep(t *testing.T, s Spec, prepare func(*Trainer), how ...Compute) (m Metrics, c *checkpoint.Checkpoint) {
	t.Helper()
	tr, err := New(open(t), s, how...)
	if err != nil {
		t.Fatal(err)
	}
	prepare(tr)
	if err = tr.InitRandom(); err == nil {
		err = tr.Fit(context.Background(), random(s), Hooks{Step: func(one Metrics) error { m = one; return nil }})
	}
	if err == nil {
		c, err = tr.Checkpoint()
	}
	if err != nil {
		t.Fatal(err)
	}
	return m, c
}

// far is the largest difference, as a share of the largest value.
func far(got, want []float32) float64 {
	apart, largest := 0.0, 1e-6
	for i := range want {
		apart = max(apart, math.Abs(float64(got[i])-float64(want[i])))
		largest = max(largest, math.Abs(float64(want[i])))
	}
	return apart / largest
}

// TestChunksAreTheWholeBatch: where a row's outputs do not depend on other rows,
// chunks change nothing: loss, figures, gradients of all weights, the memory.
func TestChunksAreTheWholeBatch(t *testing.T) {
	evaluating := func(tr *Trainer) { tr.task.evaluating, tr.changed = true, tr.trained }
	want, whole := oneStep(t, chunkable(0), evaluating)
	for _, chunk := range []int{2, 3, 12} {
		t.Run(fmt.Sprint(chunk), func(t *testing.T) {
			got, c := oneStep(t, chunkable(chunk), evaluating)
			near(t, "loss", got.Loss, want.Loss)
			near(t, "weight decay", got.WeightDecay, want.WeightDecay)
			near(t, "probe's loss", got.ProbeLoss, want.ProbeLoss)
			near(t, "entropy", got.Figures["entropy"], want.Figures["entropy"])
			worst := 0.0
			for _, all := range [][2][]checkpoint.Tensor{{c.Weights, whole.Weights}, {c.Optimizer, whole.Optimizer}} {
				for i, w := range all[1] {
					apart := far(all[0][i].Data, w.Data)
					worst = max(worst, apart)
					if all[0][i].Name != w.Name || !(apart <= 1e-4) {
						t.Errorf("%s is %.2g apart from the whole batch's", w.Name, apart)
					}
				}
			}
			t.Logf("tensors at most %.2g apart, of their largest value", worst)
		})
	}
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-5*math.Abs(want)) {
		t.Errorf("%s = %v; want %v", what, got, want)
	}
}

// TestChunksWithBatchNormalisation compares with what the documentation says, in a
// single graph: every chunk goes through the network, and normalises, by itself;
// the loss is over all outputs, its gradient goes back through all chunks.
func TestChunksWithBatchNormalisation(t *testing.T) {
	const chunk = 4
	s := chunkable(chunk)
	var tr *Trainer
	m, c := oneStep(t, s, func(x *Trainer) { tr = x })
	var batch Batch
	for b := range random(s)(0) {
		batch = b
		break
	}
	loss, memory, gradients, statistics := chunkedReference(t, tr, batch, chunk)
	near(t, "loss", m.Loss, loss)
	worst := 0.0
	check := func(in []checkpoint.Tensor, name string, want []float32) {
		i := slices.IndexFunc(in, func(x checkpoint.Tensor) bool { return x.Name == name })
		apart := far(in[i].Data, want)
		worst = max(worst, apart)
		if !(apart <= 2e-4) {
			t.Errorf("%s is %.2g apart from the reference", name, apart)
		}
	}
	for k, i := range tr.trained {
		for j := range gradients[k] {
			gradients[k][j] = -gradients[k][j]
		}
		check(c.Optimizer, tr.vars[i].Name+"/"+tr.slotNames[0], gradients[k])
	}
	for name, want := range statistics {
		check(c.Weights, name, want)
	}
	check(c.Optimizer, objectiveSlot+"memory", memory)
	t.Logf("tensors at most %.2g apart, of their largest value", worst)
}

// chunkedReference is the first step of a training, with memory, written plainly.
func chunkedReference(t *testing.T, tr *Trainer, batch Batch, chunk int) (loss float64, memory []float32, gradients [][]float32, statistics map[string][]float32) {
	t.Helper()
	s, size := tr.task, tr.task.ImageSize*tr.task.ImageSize*3
	args := make([]any, 0, len(tr.vars)+s.Batch/chunk+1)
	for _, v := range tr.vars {
		args = append(args, tensors.FromFlatDataAndDimensions(v.Draw(s.Seed), v.Shape...))
	}
	for from := 0; from < s.Batch; from += chunk { // images from … of the first views, then of the second
		pixels := slices.Concat(batch.Images[from*size:(from+chunk)*size], batch.Images[(s.Batch+from)*size:(s.Batch+from+chunk)*size])
		args = append(args, tensors.FromFlatDataAndDimensions(pixels, 2*chunk, s.ImageSize, s.ImageSize, 3))
	}
	args = append(args, batch.Labels)
	var names []string
	exec := graph.MustNewExec(tr.backend, func(in []*graph.Node) []*graph.Node {
		values, labels := tr.named(in[:len(tr.vars)]), in[len(in)-1]
		var first, second, logits, secondLogits []*graph.Node
		moved := map[string][]*graph.Node{}
		for _, pixels := range in[len(tr.vars) : len(in)-1] {
			b := nn.Build(values, true, tr.options)
			o := s.build(b, nn.Map{Node: nn.Images(pixels), Dims: []int{s.ImageSize, s.ImageSize, 3}})
			half := func(x *graph.Node, k int) *graph.Node { return graph.Slice(x, graph.AxisRange(k*chunk, (k+1)*chunk)) }
			first, second = append(first, half(o.projection.Node, 0)), append(second, half(o.projection.Node, 1))
			logits, secondLogits = append(logits, half(o.logits.Node, 0)), append(secondLogits, half(o.logits.Node, 1))
			for name, v := range b.Updates() {
				moved[name] = append(moved[name], v)
			}
		}
		z := graph.Concatenate(append(first, second...), 0)
		l, _ := contrast.NTXent(z, s.Temperature) // an empty memory changes nothing
		probe, _ := objective.CrossEntropy(graph.Concatenate(append(logits, secondLogits...), 0), graph.Concatenate([]*graph.Node{labels, labels}, 0))
		total := graph.Add(l, probe)
		if decay := tr.weightDecay(values); decay != nil {
			total = graph.Add(total, decay)
		}
		rows := s.states()[0].Shape[0]
		past := graph.BroadcastToDims(graph.ScalarZero(l.Graph(), l.DType()), rows, s.HeadDim)
		out := append([]*graph.Node{l, contrast.Remember(past, z)}, graph.Gradient(total, tr.trainedOf(values)...)...)
		for name, all := range moved {
			names = append(names, name)
			sum := all[0]
			for _, x := range all[1:] {
				sum = graph.Add(sum, x)
			}
			out = append(out, graph.DivScalar(sum, float64(len(all))))
		}
		return out
	})
	out := exec.MustCall(args...)
	statistics = map[string][]float32{}
	for i, x := range out {
		data := tensors.MustCopyFlatData[float32](x)
		switch n := 2 + len(tr.trained); {
		case i == 0:
			loss = float64(data[0])
		case i == 1:
			memory = data
		case i < n:
			gradients = append(gradients, data)
		default:
			statistics[names[i-n]] = data
		}
	}
	return loss, memory, gradients, statistics
}

// TestHowFarChunksAre measures, as a share of the norm over all gradients, how far
// a step lies from that of the whole batch: rematerialisation gives the same,
// chunks, whose batch normalisation sees fewer rows, another one.
func TestHowFarChunksAre(t *testing.T) {
	s := chunkable(0)
	s.Arch.Width, s.ImageSize, s.Batch, s.Optimizer.WeightDecay = 0.125, 16, 32, 0
	gradient := func(chunk int, how Compute) (all []float64) {
		s := s
		s.Chunk = chunk
		_, c := oneStep(t, s, func(*Trainer) {}, how)
		for _, x := range c.Optimizer {
			if strings.HasSuffix(x.Name, "/Momentum") && !supervised(x.Name) {
				for _, v := range x.Data {
					all = append(all, float64(v))
				}
			}
		}
		return all
	}
	whole := gradient(0, Compute{})
	for _, x := range []struct {
		name        string
		chunk       int
		how         Compute
		least, most float64
	}{
		{"remat", 0, Compute{Remat: true}, 0, 1e-3}, {"a chunk of all 32", 32, Compute{}, 0, 1e-3},
		{"chunks of 16", 16, Compute{}, 1e-2, 2}, {"chunks of 8", 8, Compute{}, 1e-2, 2}, {"chunks of 4", 4, Compute{}, 1e-2, 2},
	} {
		apart, norm := 0.0, 0.0
		for i, v := range gradient(x.chunk, x.how) {
			apart += (v - whole[i]) * (v - whole[i])
			norm += whole[i] * whole[i]
		}
		share := math.Sqrt(apart / norm)
		t.Logf("%s: %.2g of the norm from the whole batch's", x.name, share)
		if !(share >= x.least && share <= x.most) {
			t.Errorf("%s: the gradient is %.2g of its norm apart; want %.2g to %.2g", x.name, share, x.least, x.most)
		}
	}
}

// TestChunksKeepTheStateOnTheDevice: after the first step only batches and figures
// cross, and nothing is compiled.
func TestChunksKeepTheStateOnTheDevice(t *testing.T) {
	s := chunkable(3)
	s.Steps = 4
	tr, err := New(open(t), s)
	if err == nil {
		err = tr.InitRandom()
	}
	if err != nil {
		t.Fatal(err)
	}
	var first Traffic
	err = tr.Fit(context.Background(), random(s), Hooks{Step: func(m Metrics) error {
		if m.Step == 0 {
			first = tr.Traffic()
		}
		return nil
	}})
	last := tr.Traffic()
	if err != nil || first.State == 0 || last.State != first.State || last.Compilations != first.Compilations {
		t.Errorf("after a step %+v, after four %+v (%v)", first, last, err)
	}
}

// TestChunksAreRefused says why.
func TestChunksAreRefused(t *testing.T) {
	for _, x := range []struct {
		batch, chunk int
		how          Compute
		want         string
	}{
		{12, 5, Compute{}, "batch = 12 does not divide by chunk = 5; want a divisor, such as 4"},
		{13, 5, Compute{}, "batch = 13 does not divide by chunk = 5; want a divisor, or 0"},
		{12, 24, Compute{}, "batch = 12 does not divide by chunk = 24; want a divisor, such as 12"},
		{12, 1, Compute{}, "chunk = 1; want 0 (the whole batch) or at least 2"},
		{12, -3, Compute{}, "chunk = -3; want 0 (the whole batch) or at least 2"},
		{12, 4, Compute{StepsPerExecution: 2}, "chunk = 4 does not go with steps_per_execution = 2"},
	} {
		s := tiny(objective.NTXent)
		s.Batch, s.Chunk = x.batch, x.chunk
		if _, err := New(open(t), s, x.how); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("batch %d in chunks of %d, %+v: %v; want %q", x.batch, x.chunk, x.how, err, x.want)
		}
	}
}
