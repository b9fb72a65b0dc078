package augment

// opcode is one step of a colour program.
type opcode uint32

const (
	opEnd        opcode = iota
	opScale             // clip(x * a)
	opOffset            // clip(x + a)
	opContrast          // clip((x - mean) * a + mean); means in b, c, d
	opSaturation        // clip(saturate(x, a))
	opHue               // clip(rotate(x, a))
	opGray              // luma in all three channels
	opClip              // clip(x)
	opSolarize          // x >= a: 1-x
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
// those from it on: between them stands the mean over the whole image. Without
// contrast the first is empty. The contrast's step, if any, is the second's
// first, and its means are still to be set.
func compile(r *Recipe) (before, after program, contrast bool) {
	n, now := 0, &after
	if r.Jitter.On {
		now = &before
		for _, op := range r.Jitter.Order {
			if op == Contrast {
				n, now, contrast = 0, &after, true
			}
			n = now.add(n, jitterStep(&r.Jitter, op))
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

// runPortable takes n pixels of three planes through the program.
func (p *program) runPortable(r, g, b []float32, n int) {
	r, g, b = r[:n], g[:n], b[:n]
	for _, s := range p {
		if s.op == opEnd {
			return
		}
		s.runPortable(r, g, b)
	}
}

func (s *step) runPortable(r, g, b []float32) {
	for i := range r {
		x, y, z := r[i], g[i], b[i]
		switch s.op {
		case opScale:
			x, y, z = x*s.a, y*s.a, z*s.a
		case opOffset:
			x, y, z = x+s.a, y+s.a, z+s.a
		case opContrast:
			x, y, z = aboutMean(x, s.b, s.a), aboutMean(y, s.c, s.a), aboutMean(z, s.d, s.a)
		case opSaturation:
			x, y, z = saturate(x, y, z, s.a)
		case opHue:
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
