// Package cpu is a GoMLX backend for CPUs in pure Go: it compiles a graph to a
// short list of fused, blocked kernels over one planned block of memory and
// runs them on the process-wide worker pool.
//
// Importing the package registers the backend under the name "cpu":
//
//	import _ "github.com/retort-ml/retort/model/backend/cpu"
//
//	backend, err := compute.NewWithConfig("cpu")
//
// or, without the registry, call [New].
//
// # What it promises
//
//   - Results are bit-identical for any GOMAXPROCS: work is split by shape
//     alone and partial sums are combined in a fixed order.
//   - NaN and infinities propagate as IEEE 754 says.
//   - An operation, a data type or a dynamic shape that it does not implement
//     is an error that names it and wraps [compute.ErrNotImplemented]; what
//     [compute.Backend.Capabilities] claims is the operation table itself.
//   - In the steady state of a repeated execution intermediate results live in
//     one arena that is planned at compile time and kept between executions.
//
// # How it is built
//
// function.go and build_*.go record the graph (shape inference, common
// subexpressions); compile.go removes dead code, folds constants and fuses;
// plan.go gives every value its place; program.go runs the steps. The kernels
// for float32 live in internal/kernels; everything else is generic Go.
package cpu
