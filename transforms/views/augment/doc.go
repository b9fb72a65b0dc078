// Package augment makes the augmented views of SimCLR, SimCLRv2 and their
// peers out of decoded images: crop and bicubic resize, flip, colour jitter,
// grayscale, solarize, Gaussian blur.
//
// A view is made in two steps. Draw turns a Config, an image's size and a Key
// (seed, image, pass, view) into a Recipe: every number that the view needs, in
// under 64 bytes. A Renderer turns the Recipe and the pixels into the view:
//
//	recipe := augment.Draw(cfg, img.Width, img.Height, augment.Key{Seed: 7, Image: id, Pass: p, View: 1})
//	err := renderer.Render(dst, cfg, img, recipe)
//
// Draw reads nothing but its arguments, and Render is a pure function of its
// own: the same arguments give the same bytes on every machine, with and
// without vector instructions, whatever ran before.
//
// The operations are, to a few units in the seventh decimal, those of
// google-research/simclr (tf2/data_util.py) on TensorFlow's kernels; see
// Config for the two places where its TF1 form differs.
package augment

//go:generate go run -C _asm . -out ../kernels_amd64.s -stubs ../kernels_amd64.go -pkg augment
