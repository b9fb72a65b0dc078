// Package checkpoint keeps the whole state of a training on disk, as a
// safetensors file: weights, optimiser state and moving statistics as float32
// tensors, everything else as JSON in the file's metadata. Any safetensors
// reader can load the tensors; Load checks each against its checksum.
//
// The file is
//
//	8 bytes   length of the header, little-endian
//	header    JSON: {"__metadata__": {…}, name: {"dtype", "shape", "data_offsets"}, …}
//	data      the tensors, little-endian, back to back
//
// with these metadata: "format" (retort-checkpoint/1), "state" (the JSON of
// [State]), "crc32c" (JSON: tensor name -> CRC-32C of its bytes) and "sha256"
// (of the header's other content and all data; see [Checkpoint.Fingerprint]).
//
// To classify images with a trained network, see train.NewPredictor in package
// model/train.
package checkpoint

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Tensor is one float32 array, in C order.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32
}

// Size is the number of values that the shape holds.
func (t Tensor) Size() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// State is what a checkpoint holds beside its tensors.
type State struct {
	// Spec is the training's specification as JSON (train.Spec): architecture,
	// task, optimiser, schedule.
	Spec json.RawMessage `json:"spec"`
	// Step counts the optimiser's updates so far; data goes on from this step.
	Step int `json:"step"`
	// Seed is that of weights and data order.
	Seed uint64 `json:"seed"`
	// Cursor is the data's own position, if it has one beside the step.
	Cursor json.RawMessage `json:"cursor,omitempty"`
	// Classes are the names of the supervised head's outputs, in order.
	Classes []string `json:"classes,omitempty"`
	// Metrics are figures measured at this step ("loss", "top1"); the best
	// checkpoint is chosen by one of them.
	Metrics map[string]float64 `json:"metrics,omitempty"`
	// Fingerprints name what went in: data set, teacher, code.
	Fingerprints map[string]string `json:"fingerprints,omitempty"`
	// Meta is free.
	Meta map[string]string `json:"meta,omitempty"`
}

// Checkpoint is the state of a training.
type Checkpoint struct {
	State
	// Weights are the network's variables, moving statistics included, in
	// creation order.
	Weights []Tensor
	// Optimizer is the optimiser's state: the variable's name and the slot's
	// ("base_model/conv2d/kernel/Momentum").
	Optimizer []Tensor
}

// optimizerPrefix tells the optimiser's tensors from the weights in the file.
const optimizerPrefix = "optimizer/"

// Find returns the weight of a name, or nil.
func (c *Checkpoint) Find(name string) *Tensor {
	i := slices.IndexFunc(c.Weights, func(t Tensor) bool { return t.Name == name })
	if i < 0 {
		return nil
	}
	return &c.Weights[i]
}

// Params counts the values of all weights.
func (c *Checkpoint) Params() (n int64) {
	for _, t := range c.Weights {
		n += int64(t.Size())
	}
	return n
}

// tensors lists all tensors under the names they have in the file.
func (c *Checkpoint) tensors() []Tensor {
	all := slices.Clone(c.Weights)
	for _, t := range c.Optimizer {
		t.Name = optimizerPrefix + t.Name
		all = append(all, t)
	}
	return all
}

// check refuses what could not be read back.
func (c *Checkpoint) check() error {
	seen := map[string]bool{}
	for _, t := range c.tensors() {
		switch {
		case t.Name == "" || t.Name == metadataKey:
			return fmt.Errorf("checkpoint: a tensor is named %q", t.Name)
		case seen[t.Name]:
			return fmt.Errorf("checkpoint: two tensors are named %q", t.Name)
		case t.Size() != len(t.Data) || len(t.Data) == 0:
			return fmt.Errorf("checkpoint: tensor %q has shape %v and %d values", t.Name, t.Shape, len(t.Data))
		}
		seen[t.Name] = true
	}
	return nil
}
