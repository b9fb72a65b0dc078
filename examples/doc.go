// Package examples is a shelf of programs that put stages of their own together
// with the ready ones, as a user's module would:
//
//   - sharp, the ready graph with an element-wise stage between, and an artifact
//     stage on the teacher's targets;
//   - contrasty, an element-wise stage, drops near-blank images;
//   - classcount, an artifact stage, counts classes into a CSV;
//   - barlowtwins, an objective, pretrains without contrast.
//
// pytorch/train.py trains a network in PyTorch from the shards of a run, and
// pytorch/load.py loads an exported one.
//
// Each is a main package to run, and a test that does run it.
package examples
