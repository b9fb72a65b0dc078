package kernels

import "math"

// frame is the part of x that a band of output rows of some images reads,
// padding included, so that kernels need no edge cases. Where nothing is
// padded it is x itself.
type frame struct {
	s             Conv
	images, bands int // images and output rows of a full frame
	height, width int
	direct        bool
	apart         int // floats from pixel to pixel of a copy, 0 if there is none
}

const (
	aliasing = 1024 // pixels so many floats apart share the lines of a set of the first cache
	apartBy  = 16   // a line
	apartFor = 512  // output channels from which it pays
)

// spread is how far apart the pixels of a kernel of one pixel are copied: what
// lies 4 KiB apart, as the rows of a tile do then, pushes itself out of the first
// cache. 0 if they are not copied.
func (f *frame) spread() int {
	s := f.s
	if !f.direct || s.KH != 1 || s.KW != 1 || s.Groups != 1 || s.Co < apartFor || s.Ci == 0 || s.StrideW*s.Ci%aliasing != 0 {
		return 0
	}
	return s.Ci + apartBy
}

// frameFor plans frames of at most budget floats and about pixels output
// pixels: several small images, or a band of rows of a large one. Kernels take
// rows pixels at a time; of the frames that fit, those that leave least of a
// kernel's last call idle are taken.
func frameFor(s Conv, pixels, budget, rows int) frame {
	f := frame{s: s, width: (s.OW-1)*s.StrideW + (s.KW-1)*s.DilW + 1, images: 1, bands: 1}
	f.direct = s.PadT <= 0 && s.PadL <= 0 && f.width-s.PadL <= s.W && f.heightOf(s.OH)-s.PadT <= s.H
	best := math.Inf(1)
	try := func(images, bands int) bool {
		g := f
		g.images, g.bands = images, bands
		if g.floats() > budget || images*bands*s.OW > max(pixels, s.OW) {
			return false
		}
		if c := g.cost(rows); c < best {
			best, f.images, f.bands = c, images, bands
		}
		return true
	}
	for bands, fit := min(s.OH, max(1, pixels/s.OW)), 0; bands > fit/2; bands-- {
		if try(1, bands) && fit == 0 {
			fit = bands
		}
	}
	for images := 2; images <= s.N && try(images, s.OH); images++ {
	}
	f.height = f.heightOf(f.bands)
	return f
}

// tileFrameFor plans the frames of tiles: where twice the budget saves a tenth it
// is spent, and pixels that would be in each other's way are copied apart.
func tileFrameFor(s Conv, pixels, budget, rows int) frame {
	f, large := frameFor(s, pixels, budget, rows), frameFor(s, pixels, 2*budget, rows)
	if large.cost(rows) <= 0.9*f.cost(rows) {
		f = large
	}
	f.apart = f.spread()
	return f
}

// floats is what a frame reads of x, more or less.
func (f *frame) floats() int {
	if f.direct && f.s.KH == 1 && f.s.KW == 1 {
		return f.images * f.bands * f.s.OW * f.s.Ci
	}
	return f.images * f.heightOf(f.bands) * f.width * f.s.Ci
}

// frameCost is what it costs to begin a frame, in pixels.
const frameCost = 6

// cost is what an image costs, in pixels.
func (f *frame) cost(rows int) float64 {
	of := func(pixels int) float64 { return float64((pixels+rows-1)/rows*rows + frameCost) }
	whole, rest := f.s.OH/f.bands, f.s.OH%f.bands
	cost := float64(whole) * of(f.images*f.bands*f.s.OW)
	if rest > 0 {
		cost += of(f.images * rest * f.s.OW)
	}
	return cost / float64(f.images)
}

// heightOf is the rows of x that a band of output rows reads.
func (f *frame) heightOf(rows int) int {
	return (rows-1)*f.s.StrideH + (f.s.KH-1)*f.s.DilH + 1
}

// perImage is how many bands cut an image.
func (f *frame) perImage() int { return (f.s.OH + f.bands - 1) / f.bands }

// count is how many frames cover the batch.
func (f *frame) count() int {
	return (f.s.N + f.images - 1) / f.images * f.perImage()
}

// patch is what one frame covers.
type patch struct {
	image, images int
	row, rows     int // of the output
}

func (f *frame) patch(i int) patch {
	p := patch{image: i / f.perImage() * f.images, row: i % f.perImage() * f.bands}
	p.images, p.rows = min(f.images, f.s.N-p.image), min(f.bands, f.s.OH-p.row)
	return p
}

func (p patch) pixels(s Conv) int { return p.images * p.rows * s.OW }

// rowPitch and imagePitch are the distances in a frame, in floats.
func (f *frame) rowPitch() int {
	if f.direct {
		return f.s.W * f.s.Ci
	}
	return f.width * f.s.Ci
}

func (f *frame) imagePitch() int {
	if f.direct {
		return f.s.H * f.s.W * f.s.Ci
	}
	return f.height * f.width * f.s.Ci
}

// size is the floats of scratch a frame needs; tiles may read a few floats
// past its end.
func (f *frame) size() int {
	if f.apart > 0 {
		return f.images * f.bands * f.s.OW * f.apart
	}
	if f.direct {
		return 0
	}
	return f.images*f.imagePitch() + maxRows
}

// at is where pixel p of a full frame starts, relative to its first.
func (f *frame) at(p int) int {
	if f.apart > 0 {
		return p * f.apart
	}
	image, row, col := p/(f.bands*f.s.OW), p/f.s.OW%f.bands, p%f.s.OW
	return image*f.imagePitch() + row*f.s.StrideH*f.rowPitch() + col*f.s.StrideW*f.s.Ci
}

// fill returns the frame of a patch: a part of x, or a padded copy in buf.
func (f *frame) fill(buf, x []float32, p patch) []float32 {
	s := f.s
	top := p.row*s.StrideH - s.PadT
	if f.apart > 0 {
		f.copyApart(buf, x, p)
		return buf
	}
	if f.direct {
		return x[((p.image*s.H+top)*s.W-s.PadL)*s.Ci:]
	}
	height := f.heightOf(p.rows)
	for i := range p.images {
		for r := range height {
			dst := buf[i*f.imagePitch()+r*f.rowPitch():][:f.rowPitch()]
			f.fillRow(dst, x, p.image+i, top+r)
		}
	}
	return buf
}

// copyApart copies the pixels that a kernel of one pixel sees.
func (f *frame) copyApart(buf, x []float32, p patch) {
	s := f.s
	for i := range p.images * p.rows {
		image, row := p.image+i/p.rows, p.row+i%p.rows
		src := x[((image*s.H+row*s.StrideH-s.PadT)*s.W-s.PadL)*s.Ci:]
		for col := range s.OW {
			copy(buf[(i*s.OW+col)*f.apart:][:s.Ci], src[col*s.StrideW*s.Ci:])
		}
	}
}

// fillRow copies row r of an image, which may lie outside it.
func (f *frame) fillRow(dst, x []float32, image, r int) {
	s := f.s
	if r < 0 || r >= s.H {
		clear(dst)
		return
	}
	src := x[(image*s.H+r)*s.W*s.Ci:][:s.W*s.Ci]
	left, from := s.PadL*s.Ci, 0
	if left < 0 {
		left, from = 0, min(-left, len(src))
	}
	left = min(left, len(dst))
	clear(dst[:left])
	clear(dst[left+copy(dst[left:], src[from:]):])
}
