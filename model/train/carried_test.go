package train

import (
	"bytes"
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
	"github.com/retort-ml/retort/model/internal/modeltest"
	"github.com/retort-ml/retort/model/nn"
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/model/optim"
)

// states trains and returns the checkpoint after each step, the last one among
// them, and the first state.
func states(t *testing.T, s Spec) (all []*checkpoint.Checkpoint) {
	t.Helper()
	tr := started(t, s)
	first, err := tr.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	all = append(all, first)
	err = tr.Fit(context.Background(), random(s), Hooks{Step: func(Metrics) error {
		c, err := tr.Checkpoint()
		all = append(all, c)
		return err
	}})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func carriedData(t *testing.T, c *checkpoint.Checkpoint, name string) []float32 {
	t.Helper()
	for _, x := range c.Optimizer {
		if x.Name == name {
			return x.Data
		}
	}
	t.Fatalf("the checkpoint has no %s", name)
	return nil
}

// follows checks that a carried slot of a variable is the running average of its
// values, in float64.
func follows(t *testing.T, all []*checkpoint.Checkpoint, name, slot string, decay func(step int) float64) {
	t.Helper()
	var want []float64
	for _, x := range all[0].Find(name).Data {
		want = append(want, float64(x))
	}
	for k, c := range all[1:] {
		now, got := c.Find(name).Data, carriedData(t, c, name+"/"+slot)
		for i := range want {
			want[i] = decay(k)*want[i] + (1-decay(k))*float64(now[i])
			if d := math.Abs(want[i] - float64(got[i])); !(d <= 1e-5*math.Max(0.1, math.Abs(want[i]))) {
				t.Fatalf("%s after step %d: value %d is %v; want %v", slot, k, i, got[i], want[i])
			}
		}
	}
}

// TestAverages: the averages are TensorFlow's with num_updates, moving statistics
// among them, and who applies the network uses them.
func TestAverages(t *testing.T) {
	s := tiny(objective.Supervised)
	s.Average = 0.4
	s.Optimizer, s.Schedule.Base = optim.SGD(0), 0.1
	all := states(t, s)
	decay := func(step int) float64 { return min(0.4, float64(1+step)/float64(10+step)) }
	for _, v := range []string{"base_model/conv2d/kernel", "base_model/batch_normalization/moving_mean", "head_supervised/linear_layer/dense/bias"} {
		if all[0].Find(v) == nil {
			t.Fatalf("no %s", v)
		}
		follows(t, all, v, averageSlot, decay)
	}
	last := all[len(all)-1]
	done := Finished(last)
	if Finished(done) == nil || Averaged(done) != done {
		t.Error("a finished checkpoint has averages that are not its weights")
	}
	const name = "base_model/conv2d/kernel"
	if !slices.Equal(done.Find(name).Data, carriedData(t, last, name+"/"+averageSlot)) ||
		!slices.Equal(carriedData(t, done, name+"/"+trainedSlot), last.Find(name).Data) {
		t.Error("the finished checkpoint does not hold both")
	}
	pixels := make([]uint8, 3*8*8*3)
	for i := range pixels {
		pixels[i] = uint8(i * 37)
	}
	var logits, features [2][]float32
	for i, c := range []*checkpoint.Checkpoint{last, done} {
		p, err := NewPredictor(open(t), c, 3)
		if err != nil {
			t.Fatal(err)
		}
		if logits[i], _, err = p.Predict(pixels); err != nil {
			t.Fatal(err)
		}
		e, err := NewEmbedder(open(t), c, 3, 0)
		if err != nil {
			t.Fatal(err)
		}
		if features[i], err = e.Embed(pixels); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(features[0], features[1]) {
		t.Errorf("features %v with the averages beside, %v with them as weights", features[0], features[1])
	}
	if !slices.Equal(logits[0], logits[1]) {
		t.Errorf("logits %v with the averages beside, %v with them as weights", logits[0], logits[1])
	}
}

// TestMemoryFollows: the network that follows is the running average of the
// trained one, the memory gets its embeddings, newest first, and the first step,
// whose memory is empty, has the loss of one without.
func TestMemoryFollows(t *testing.T) {
	s := tiny(objective.NTXent)
	s.ObjectiveSettings = []byte(`{"memory":30,"momentum":0.9}`)
	all := states(t, s)
	follows(t, all, "base_model/conv2d_3/kernel", followsSlot, func(int) float64 { return 0.9 })
	rows, width := resolved(s).rows(), s.HeadDim
	for k, c := range all {
		memory := carriedData(t, c, objectiveSlot+"memory")
		for i := range 30 {
			row, norm := memory[i*width:(i+1)*width], 0.0
			for _, x := range row {
				norm += float64(x) * float64(x)
			}
			if there := i < k*rows; there != (norm > 0) || there && math.Abs(norm-1) > 1e-5 {
				t.Fatalf("after %d steps row %d of the memory has norm %v", k, i, math.Sqrt(norm))
			}
		}
		if k > 0 {
			before := carriedData(t, all[k-1], objectiveSlot+"memory")
			if !slices.Equal(memory[rows*width:], before[:(30-rows)*width]) {
				t.Errorf("step %d: the memory did not move by a batch", k)
			}
			modeltest.Near(t, fmt.Sprintf("step %d: what came into the memory", k), memory[:rows*width], keysOf(t, s, all[k-1], k-1), 2e-5)
		}
	}
	if all[0].Find("head_supervised/linear_layer/dense/kernel") == nil {
		t.Error("no probe")
	}
	for _, x := range all[0].Optimizer {
		if strings.HasSuffix(x.Name, followsSlot) && supervised(x.Name) {
			t.Errorf("%s: the probe needs none that follows", x.Name)
		}
	}
}

// keysOf are the normalised projections of a step's batch by the network that
// followed before the step, which normalises with the batch's statistics.
func keysOf(t *testing.T, s Spec, before *checkpoint.Checkpoint, step int) []float32 {
	t.Helper()
	weights := map[string]checkpoint.Tensor{}
	for _, w := range before.Weights {
		weights[w.Name] = w
	}
	for _, x := range before.Optimizer {
		if name, ok := strings.CutSuffix(x.Name, "/"+followsSlot); ok {
			weights[name] = x
		}
	}
	var in []*tensors.Tensor
	var names []string
	for name, w := range weights {
		names, in = append(names, name), append(in, modeltest.Tensor(w.Data, w.Shape...))
	}
	for b, err := range random(s)(step) {
		if err != nil {
			t.Fatal(err)
		}
		in = append(in, tensors.FromFlatDataAndDimensions(slices.Clone(b.Images), resolved(s).rows(), s.ImageSize, s.ImageSize, 3))
		break
	}
	b := open(t)
	return modeltest.Run(t, b, func(in []*graph.Node) []*graph.Node {
		values := map[string]*graph.Node{}
		for i, name := range names {
			values[name] = in[i]
		}
		images := in[len(names)]
		levels := s.projection().Project(nn.Build(values, true, nn.OptionsFor(b)), s.Arch.Encode(nn.Build(values, true, nn.OptionsFor(b)), nn.Map{Node: nn.Images(images), Dims: images.Shape().Dimensions[1:]}), s.HeadLayers)
		return []*graph.Node{contrast.Normalize(levels[len(levels)-1].Node)}
	}, in...)[0]
}

// TestFrozenPartsStay: what is frozen is bit for bit what it was, moving
// statistics included, and all else is trained.
func TestFrozenPartsStay(t *testing.T) {
	for freeze := range 6 {
		s := tiny(objective.Supervised)
		s.Freeze, s.Optimizer, s.Schedule.Base = freeze, optim.SGD(1e-4), 0.1
		all := states(t, s)
		first, last := all[0], all[len(all)-1]
		// A ResNet-18: the stem has 1 convolution, the groups 5 each.
		convolutions := []int{0, 1, 6, 11, 16, 21}[freeze]
		for _, w := range first.Weights {
			number, ok := numbered(w.Name)
			frozen := ok && number < convolutions
			if same := slices.Equal(w.Data, last.Find(w.Name).Data); frozen && !same || !frozen && same && (strings.HasSuffix(w.Name, "/kernel") || strings.Contains(w.Name, "/moving_")) {
				t.Errorf("freeze %d: %s stayed: %v", freeze, w.Name, same)
			}
		}
	}
}

// numbered is the number of an encoder's layer.
func numbered(name string) (n int, ok bool) {
	name, ok = strings.CutPrefix(name, "base_model/")
	if !ok {
		return 0, false
	}
	layer, _, _ := strings.Cut(name, "/")
	for _, kind := range []string{"conv2d", "batch_normalization"} {
		if rest, ok := strings.CutPrefix(layer, kind); ok {
			for _, digit := range strings.TrimPrefix(rest, "_") {
				n = 10*n + int(digit-'0')
			}
			return n, true
		}
	}
	return 0, false
}

// TestOptionsResume cuts trainings with each option after every step.
func TestOptionsResume(t *testing.T) {
	memory := func(s *Spec) { s.ObjectiveSettings = []byte(`{"memory":30}`) }
	for name, s := range map[string]Spec{
		"adamw":     with(tiny(objective.NTXent), func(s *Spec) { s.Optimizer = optim.Config{Name: optim.AdamW, WeightDecay: 0.05} }),
		"clipped":   with(tiny(objective.Distill), func(s *Spec) { s.Optimizer.ClipNorm = 0.1 }),
		"averages":  with(tiny(objective.Supervised), func(s *Spec) { s.Average = 0.999 }),
		"memory":    with(tiny(objective.NTXent), memory),
		"all":       with(tiny(objective.NTXent), func(s *Spec) { memory(s); s.Average, s.Optimizer.ClipNorm = 0.9, 1 }),
		"frozen":    with(tiny(objective.Supervised), func(s *Spec) { s.Freeze = 2 }),
		"smoothing": with(tiny(objective.Supervised), func(s *Spec) { s.ObjectiveSettings = []byte(`{"label_smoothing":0.1}`) }),
	} {
		s.Steps = 4
		tr := started(t, s)
		var cuts [][]byte
		err := tr.Fit(context.Background(), random(s), Hooks{CheckpointEvery: 1, Checkpoint: func(c *checkpoint.Checkpoint) error {
			var b bytes.Buffer
			err := c.Encode(&b)
			cuts = append(cuts, b.Bytes())
			return err
		}})
		if err != nil || len(cuts) != 3 {
			t.Fatal(name, len(cuts), err)
		}
		whole := saved(t, tr)
		for _, cut := range cuts {
			c, err := checkpoint.Decode(cut)
			if err != nil {
				t.Fatal(err)
			}
			if err := tr.Resume(c); err != nil {
				t.Fatal(err)
			}
			if err := tr.Fit(context.Background(), random(s), Hooks{}); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(saved(t, tr), whole) {
				t.Errorf("%s, resumed at step %d: another result", name, c.Step)
			}
		}
	}
}

// TestClippingIgnoresTheProbe: labels that watch do not change the encoder through
// the norm of the gradients.
func TestClippingIgnoresTheProbe(t *testing.T) {
	var weights [2][]float32
	for i, classes := range []int{0, 3} {
		s := tiny(objective.NTXent)
		s.Classes, s.Optimizer = classes, optim.SGD(1e-4)
		s.Optimizer.ClipNorm, s.Steps = 0.01, 3
		data := random(with(s, func(s *Spec) { s.Classes = 3 }))
		tr := started(t, s)
		if err := tr.Fit(context.Background(), data, Hooks{}); err != nil {
			t.Fatal(err)
		}
		c, err := tr.Checkpoint()
		if err != nil {
			t.Fatal(err)
		}
		weights[i] = c.Find("base_model/conv2d_2/kernel").Data
	}
	if !slices.Equal(weights[0], weights[1]) {
		t.Error("the probe changed the encoder")
	}
}
