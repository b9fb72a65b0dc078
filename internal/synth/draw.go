package synth

import (
	"image"
	"math"
	"math/rand/v2"
)

// Image draws image number n of a class of a split.
func Image(o Options, split string, class, n int) *image.NRGBA {
	return draw(classes[class], o.Size, newRand(o.Seed, split, class, n))
}

// newRand is a generator of its own for every image.
func newRand(seed uint64, split string, class, n int) *rand.Rand {
	h := seed ^ 0x9e3779b97f4a7c15
	for _, v := range []uint64{uint64(len(split)), uint64(class), uint64(n)} {
		h = mix(h + v*0xd1342543de82ef95)
	}
	for _, c := range []byte(split) {
		h = mix(h ^ uint64(c))
	}
	return rand.New(rand.NewPCG(h, mix(h+1)))
}

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

type colour [3]float64

// randomColour is a tone, from black to white, with a slight tint: colour says
// nothing about the class, and little about the image.
func randomColour(r *rand.Rand) colour {
	tone := r.Float64()
	c := colour{}
	for i := range c {
		c[i] = clamp((1-tint)*tone + tint*r.Float64())
	}
	return c
}

// tint is how much colour tones have: 0 is none, 1 any.
const tint = 0.08

// awayFrom is a random colour whose luma differs enough from c's for a motif
// to be seen, brighter or darker.
func awayFrom(r *rand.Rand, c colour, least float64) colour {
	for {
		if d := randomColour(r); math.Abs(luma(d)-luma(c)) > least {
			return d
		}
	}
}

func luma(c colour) float64 { return 0.299*c[0] + 0.587*c[1] + 0.114*c[2] }

// canvas is an image in the making, values about 0..1.
type canvas struct {
	size int
	pix  []colour
}

func draw(c class, size int, r *rand.Rand) *image.NRGBA {
	cv := &canvas{size: size, pix: make([]colour, size*size)}
	base := cv.background(r)
	cv.clutter(r)
	cv.motifs(c, base, r)
	cv.light(r)
	return cv.finish(r)
}

// background runs from one colour to a related one, with soft clouds, and
// returns their mean.
func (cv *canvas) background(r *rand.Rand) colour {
	from := randomColour(r)
	to, shift := from, 0.25*r.NormFloat64()
	for i := range to {
		to[i] = clamp(to[i] + (1-tint)*shift + 0.25*tint*r.NormFloat64())
	}
	a := 2 * math.Pi * r.Float64()
	cx, cy := math.Cos(a), math.Sin(a)
	f1, f2, p1, p2 := 2+5*r.Float64(), 2+5*r.Float64(), 6*r.Float64(), 6*r.Float64()
	clouds := 0.10 * r.Float64()
	cv.each(func(u, v float64, p *colour) {
		t := 0.5 + 0.5*(u*cx+v*cy)
		cloud := clouds * math.Sin(f1*u+p1+math.Sin(f2*v+p2))
		for i := range p {
			p[i] = from[i] + t*(to[i]-from[i]) + cloud
		}
	})
	for i := range to {
		to[i] = (from[i] + to[i]) / 2
	}
	return to
}

// each visits every pixel with its centre in -1..1.
func (cv *canvas) each(f func(u, v float64, p *colour)) {
	s := 2 / float64(cv.size)
	for y := range cv.size {
		for x := range cv.size {
			f((float64(x)+0.5)*s-1, (float64(y)+0.5)*s-1, &cv.pix[y*cv.size+x])
		}
	}
}

// motifs draws the class: its shape all over the image, like a printed cloth,
// in one colour that is not the background's.
func (cv *canvas) motifs(c class, base colour, r *rand.Rand) {
	paint := awayFrom(r, base, 0.3)
	turn := sway * r.NormFloat64()
	for _, at := range places(r) {
		angle := turn + sway*r.NormFloat64()
		cos, sin := math.Cos(angle)/at.r, math.Sin(angle)/at.r
		squeeze := 0.85 + 0.3*r.Float64()
		reach := 1.3 * at.r * max(squeeze, 1/squeeze)
		cv.patch(at.x, at.y, reach, func(dx, dy float64, p *colour) {
			u, v := (dx*cos+dy*sin)*squeeze, (dy*cos-dx*sin)/squeeze
			cv.blend(p, paint, c.paint(u, v)*at.r)
		})
	}
}

// sway is the standard deviation of angles, in radians.
const sway = 0.15

type place struct{ x, y, r float64 }

// places are the nodes of a grid that is shifted, turned and shaken a little;
// its spacing varies by more than half from image to image.
func places(r *rand.Rand) []place {
	size := 0.38 * (0.8 + 0.5*r.Float64())
	step, angle := 2.1*size, sway*r.NormFloat64()
	cos, sin := math.Cos(angle), math.Sin(angle)
	left, top := r.Float64(), r.Float64()
	shake := func() float64 { return 0.15 * (r.Float64() - 0.5) }
	var all []place
	for i := -maxNodes; i <= maxNodes; i++ {
		for j := -maxNodes; j <= maxNodes; j++ {
			u, v := step*(float64(i)+left+shake()), step*(float64(j)+top+shake())
			p := place{u*cos - v*sin, u*sin + v*cos, size * (0.9 + 0.2*r.Float64())}
			if math.Abs(p.x) < 1+size && math.Abs(p.y) < 1+size {
				all = append(all, p)
			}
		}
	}
	return all
}

// maxNodes is how many nodes of the grid lie on either side at most.
const maxNodes = 4

// clutter is what lies under the motifs: lines and specks, in some images.
func (cv *canvas) clutter(r *rand.Rand) {
	if r.Float64() < 0.1 {
		cv.strayLine(r)
	}
	if r.Float64() < 0.2 {
		cv.speck(r)
	}
}

// patch visits the pixels within reach of (x, y), with their distance to it.
func (cv *canvas) patch(x, y, reach float64, f func(dx, dy float64, p *colour)) {
	s := float64(cv.size) / 2
	lo := func(c float64) int { return max(0, int(math.Floor((c-reach+1)*s))) }
	hi := func(c float64) int { return min(cv.size, int(math.Ceil((c+reach+1)*s))) }
	for py := lo(y); py < hi(y); py++ {
		for px := lo(x); px < hi(x); px++ {
			f((float64(px)+0.5)/s-1-x, (float64(py)+0.5)/s-1-y, &cv.pix[py*cv.size+px])
		}
	}
}

// blend lays c over p where distance d is negative, with an edge one pixel
// wide.
func (cv *canvas) blend(p *colour, c colour, d float64) {
	a := clamp(0.5 - d*float64(cv.size)/2)
	for i := range p {
		p[i] += a * (c[i] - p[i])
	}
}

func (cv *canvas) strayLine(r *rand.Rand) {
	c, a := randomColour(r), math.Pi*r.Float64()
	nx, ny, off := math.Cos(a), math.Sin(a), 1.6*r.Float64()-0.8
	width := 0.02 + 0.05*r.Float64()
	cv.each(func(u, v float64, p *colour) { cv.blend(p, c, math.Abs(u*nx+v*ny-off)-width) })
}

func (cv *canvas) speck(r *rand.Rand) {
	c, x, y := randomColour(r), 2*r.Float64()-1, 2*r.Float64()-1
	w, h := 0.04+0.12*r.Float64(), 0.04+0.12*r.Float64()
	cv.patch(x, y, 0.2, func(dx, dy float64, p *colour) {
		cv.blend(p, c, (math.Hypot(dx/w, dy/h)-1)*min(w, h))
	})
}

// light brightens one side.
func (cv *canvas) light(r *rand.Rand) {
	a, strength := 2*math.Pi*r.Float64(), 0.3*r.Float64()
	cx, cy := strength*math.Cos(a), strength*math.Sin(a)
	cv.each(func(u, v float64, p *colour) {
		for i := range p {
			p[i] *= 1 + u*cx + v*cy
		}
	})
}

// finish adds noise and rounds.
func (cv *canvas) finish(r *rand.Rand) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, cv.size, cv.size))
	sigma := 0.005 + 0.03*r.Float64()
	for i, p := range cv.pix {
		grain := sigma * r.NormFloat64()
		for k := range p {
			img.Pix[4*i+k] = uint8(255*clamp(p[k]+grain+0.4*sigma*r.NormFloat64()) + 0.5)
		}
		img.Pix[4*i+3] = 255
	}
	return img
}

func clamp(x float64) float64 { return min(1, max(0, x)) }
