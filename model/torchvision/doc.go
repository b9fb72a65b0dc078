// Package torchvision makes checkpoints of this program out of safetensors files
// with the names and layouts of torchvision's ResNets, such as export.Torchvision
// writes:
//
//	c, told, err := torchvision.Import("resnet50.safetensors", torchvision.Options{})
//
// Torchvision's stride sits on the 3x3 convolution and its convolutions pad
// symmetrically, as ours do. What differs, so that an imported network is a start and not
// the same function:
//
//   - Its pixels are normalised by [Mean] and [Deviation]. Both are folded into the
//     first convolution and its normalisation: exact, but for the outputs that see
//     beyond the image's edge (zeros there are black here, the mean colour there).
//   - Its pooling in the stem pads one pixel on both sides, ours as TensorFlow does:
//     the same where the first convolution's output has an odd side (images of 4n+1
//     or 4n+2 pixels, 225), shifted by one of its pixels elsewhere (224).
//   - Its first block of ResNet-18 and 34 has no projection. Ours begins as the
//     identity, and is trained; in training it normalises by the batch.
//
// The stem for small images (a 3x3 convolution, no pooling) differs in none but the
// pixels and that block.
package torchvision
