package augment

// opcode is one step of a colour program.
type opcode uint32

const (
	opEnd              opcode = iota
	opScale                   // clip(x * a)
	opOffset                  // clip(x + a)
	opContrast                // clip((x - mean) * a + mean); means in b, c, d
	opSaturation              // clip(saturate(x, a))
	opHue                     // clip(rotate(x, a))
	opGray                    // luma in all three channels
	opClip                    // clip(x)
	opSolarize                // x >= a: 1-x
	opScaleInside             // the same as above of samples that are in [0, 1] already, and a >= 0:
	opSaturationInside        // the kernels leave out the part of clip that does nothing then
	opHueInside
	opSum   // nothing, but samples are added to sums
	opBytes // the end: pixels become bytes, and the planes stay as they were
)

// step is one operation over every pixel.
type step struct {
	op         opcode
	a, b, c, d float32
}

// program is a chain of steps that every pixel goes through on its own; it ends
// with opEnd.
type program [8]step

func (p *program) add(n int, s step) int {
	p[n] = s
	return n + 1
}

// compile translates a recipe's colours into the steps before the contrast and
// those from it on: between them stands the mean over the whole image, so the
// first ends with sums. Without contrast it is empty. The contrast's step, if any,
// is the second's first, and its means are still to be set.
func compile(r *Recipe) (before, after program, contrast bool) {
	n, now := 0, &after
	if r.Jitter.On {
		now = &before
		for i, op := range r.Jitter.Order {
			if op == Contrast {
				now.add(n, step{op: opSum})
				n, now, contrast = 0, &after, true
			}
			s := jitterStep(&r.Jitter, op)
			if i > 0 { // the one before has clipped
				s = s.inside()
			}
			n = now.add(n, s)
		}
	}
	if r.Gray {
		n = now.add(n, step{op: opGray})
	}
	if !r.Jitter.On {
		now.add(n, step{op: opClip})
	}
	return before, after, contrast
}

// inside is the step for samples in [0, 1].
//
// A scale by 0 or more leaves nothing below 0. A saturation takes something away
// from a pixel's value, which is 1 at most. A hue stays between the least channel
// and the value: with a range rounded by 2^-24 of itself at most, the sum of least
// and range is below 1 + 2^-24, which is rounded to 1.
func (s step) inside() step {
	switch {
	case s.op == opScale && s.a >= 0:
		s.op = opScaleInside
	case s.op == opSaturation:
		s.op = opSaturationInside
	case s.op == opHue:
		s.op = opHueInside
	}
	return s
}

// then ends the program with bytes, where they are wanted.
func (p *program) then(bytes []uint8) *program {
	if bytes != nil {
		for n := range p {
			if p[n].op == opEnd {
				p[n].op = opBytes
				break
			}
		}
	}
	return p
}

// sums are of the samples of red, green and blue: sixteen of each, one for each
// residue of the index, which are what the widest kernel keeps.
type sums [3][lanes]float64

// means are those of n pixels.
func (s *sums) means(n int) (mean [3]float32) {
	for c := range s {
		var total float64
		for _, x := range s[c] {
			total += x
		}
		mean[c] = float32(total / float64(n))
	}
	return mean
}

func addUp(sum *[lanes]float64, x []float32) {
	for i, s := range x {
		sum[i%lanes] += float64(s)
	}
}

// run takes n pixels of the planes through the program; what its steps call for
// goes to sums and bytes.
func (v *Renderer) run(p *program, n int, sums *sums, bytes []uint8) {
	if p[0].op == opEnd {
		return
	}
	if bytes == nil {
		bytes = v.none[:]
	}
	r, g, b := v.plane[0][:n], v.plane[1][:n], v.plane[2][:n]
	if k := p.runBlocks(r, g, b, sums, bytes); k < n {
		p.runPortable(r[k:], g[k:], b[k:], sums, bytes[min(3*k, len(bytes)):])
	}
}

// runPortable takes pixels of three planes through the program.
func (p *program) runPortable(r, g, b []float32, sums *sums, bytes []uint8) {
	for _, s := range p {
		switch s.op {
		case opEnd:
			return
		case opSum:
			addUp(&sums[0], r)
			addUp(&sums[1], g)
			addUp(&sums[2], b)
		case opBytes:
			quantize(bytes, r, g, b)
			return
		default:
			s.runPortable(r, g, b)
		}
	}
}

func (s *step) runPortable(r, g, b []float32) {
	for i := range r {
		x, y, z := r[i], g[i], b[i]
		switch s.op {
		case opScale, opScaleInside:
			x, y, z = x*s.a, y*s.a, z*s.a
		case opOffset:
			x, y, z = x+s.a, y+s.a, z+s.a
		case opContrast:
			x, y, z = aboutMean(x, s.b, s.a), aboutMean(y, s.c, s.a), aboutMean(z, s.d, s.a)
		case opSaturation, opSaturationInside:
			x, y, z = saturate(x, y, z, s.a)
		case opHue, opHueInside:
			x, y, z = rotate(x, y, z, s.a)
		case opGray:
			x = luma(x, y, z)
			r[i], g[i], b[i] = x, x, x
			continue
		case opSolarize:
			r[i], g[i], b[i] = invertAbove(x, s.a), invertAbove(y, s.a), invertAbove(z, s.a)
			continue
		}
		r[i], g[i], b[i] = clip(x), clip(y), clip(z)
	}
}
