// Package export writes trained networks for other programs: as ONNX, and as
// safetensors with torchvision's names where the architecture is torchvision's.
//
//	err := export.ONNX(w, c, export.Options{Input: export.UInt8})
//	err := export.Torchvision(w, c)
//
// The files hold what a network computes when it is applied: batch normalisation
// by its moving statistics, in ONNX folded into the layers before it.
package export
