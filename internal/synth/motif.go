package synth

import "math"

// motif tells how far (u, v) is from a shape's outline: negative inside. The
// shape fills the unit disc about the origin, more or less.
type motif struct {
	name string
	sdf  func(u, v float64) float64
}

// fill is how a shape is painted.
type fill int

const (
	solid fill = iota
	outlined
	striped
	dotted
	fills
)

var fillNames = [...]string{"", "outlined-", "striped-", "dotted-"}

type class struct {
	motif motif
	fill  fill
}

func (c class) name() string { return fillNames[c.fill] + c.motif.name }

// classes in the order in which they are used: the first ones differ most.
var classes = func() []class {
	var all []class
	for f := solid; f < fills; f++ {
		for _, m := range motifs {
			if f == solid || m.closed() {
				all = append(all, class{m, f})
			}
		}
	}
	return all
}()

// MaxClasses is how many classes there are to draw.
var MaxClasses = len(classes)

var motifs = []motif{
	{"rings", func(u, v float64) float64 { return math.Abs(math.Hypot(u, v)-0.68) - 0.22 }},
	{"stars", func(u, v float64) float64 { return star(u, v, 5, 0.95, 0.40) }},
	{"crosses", func(u, v float64) float64 { return min(rect(u, v, 0.95, 0.26), rect(u, v, 0.26, 0.95)) }},
	{"triangles", func(u, v float64) float64 { return polygon(u, v, 3, 1.05) }},
	{"squares", func(u, v float64) float64 { return rect(u, v, 0.72, 0.72) }},
	{"gratings", grating},
	{"dots", dots},
	{"crescents", crescent},
	{"checks", checks},
	{"waves", waves},
	{"discs", func(u, v float64) float64 { return math.Hypot(u, v) - 0.85 }},
	{"arrows", arrow},
	{"hearts", heart},
	{"bolts", bolt},
	{"hexagons", func(u, v float64) float64 { return polygon(u, v, 6, 0.95) }},
	{"suns", func(u, v float64) float64 { return star(u, v, 10, 0.98, 0.62) }},
	{"drops", drop},
	{"frames", func(u, v float64) float64 { return math.Abs(rect(u, v, 0.62, 0.62)) - 0.16 }},
	{"tees", func(u, v float64) float64 {
		return min(rect(u, v-0.62, 0.85, 0.25), rect(u, v+0.2, 0.25, 0.75))
	}},
	{"clovers", clover},
}

// closed tells whether a shape has an inside large enough to be filled with a
// pattern.
func (m motif) closed() bool {
	switch m.name {
	case "rings", "gratings", "dots", "checks", "waves", "frames", "bolts", "crosses", "tees":
		return false
	}
	return true
}

// paint is the distance to the painted part of the shape.
func (c class) paint(u, v float64) float64 {
	d := c.motif.sdf(u, v)
	switch c.fill {
	case outlined:
		return math.Abs(d+0.12) - 0.12
	case striped:
		return min(rim(d), max(d, tri(u/0.42)*0.21-0.105))
	case dotted:
		return min(rim(d), max(d, math.Hypot(tri(u/0.52)*0.26, tri(v/0.52)*0.26)-0.15))
	}
	return d
}

// rim is a thin line inside the outline: a pattern alone would not show the
// shape that it fills.
func rim(d float64) float64 { return math.Abs(d+0.05) - 0.05 }

// tri is the triangle wave of period 1: 0 at whole numbers, 1 between them.
func tri(x float64) float64 { return 1 - math.Abs(2*(x-math.Floor(x))-1) }

func rect(u, v, w, h float64) float64 {
	x, y := math.Abs(u)-w, math.Abs(v)-h
	return math.Hypot(max(x, 0), max(y, 0)) + min(max(x, y), 0)
}

// polygon is regular, with its corners at radius r.
func polygon(u, v float64, n int, r float64) float64 {
	step := 2 * math.Pi / float64(n)
	a := math.Mod(math.Atan2(u, v)+4*math.Pi+step/2, step) - step/2
	// The nearest side of the sector faces the angle step/2.
	return math.Hypot(u, v)*math.Cos(step/2-math.Abs(a)) - r*math.Cos(step/2)
}

// star has n points at radius outer and notches at radius inner.
func star(u, v float64, n int, outer, inner float64) float64 {
	step := 2 * math.Pi / float64(n)
	a := math.Abs(math.Mod(math.Atan2(u, v)+4*math.Pi+step/2, step) - step/2)
	r := math.Hypot(u, v)
	x, y := r*math.Cos(a), r*math.Sin(a)
	// The side from the point (outer, 0) to the notch.
	nx, ny := inner*math.Cos(step/2)-outer, inner*math.Sin(step/2)
	return ((x-outer)*ny - y*nx) / math.Hypot(nx, ny)
}

func window(u, v float64) float64 { return math.Hypot(u, v) - 1.15 }

func grating(u, v float64) float64 { return max(window(u, v), (tri(u/0.62)-0.5)*0.31) }

func dots(u, v float64) float64 {
	return max(window(u, v), math.Hypot(tri(u/0.62)*0.31, tri(v/0.62)*0.31)-0.17)
}

func checks(u, v float64) float64 {
	return max(window(u, v), (0.5-tri(u/0.86))*0.43*sign(tri(v/0.86)-0.5), -0.2)
}

func waves(u, v float64) float64 {
	return max(window(u, v), (tri((u+0.17*math.Sin(5.2*v))/0.62)-0.5)*0.31)
}

func sign(x float64) float64 {
	if x < 0 {
		return -1
	}
	return 1
}

func crescent(u, v float64) float64 {
	return max(math.Hypot(u, v)-0.92, 0.74-math.Hypot(u-0.42, v))
}

func arrow(u, v float64) float64 {
	head := max(polygon(u, v-0.42, 3, 0.72), -0.9-v)
	return min(head, rect(u, v+0.45, 0.20, 0.5))
}

// heart is a square on its corner with half discs on its upper sides; u and v
// are scaled so that its point is at the origin and its notch at (0, 1).
func heart(u, v float64) float64 {
	const scale = 1.55
	x, y := math.Abs(u)/scale, v/scale+0.56
	if x+y > 1 {
		return scale * (math.Hypot(x-0.25, y-0.75) - math.Sqrt2/4)
	}
	side := max(x+y, 0) / 2 // the nearest point of the lower side is (side, side)
	d := min(math.Hypot(x, y-1), math.Hypot(x-side, y-side))
	return scale * d * sign(x-y)
}

var boltCorners = [][2]float64{{0.1, 1}, {-0.6, -0.12}, {-0.1, -0.12}, {-0.25, -1}, {0.6, 0.22}, {0.1, 0.22}, {0.5, 1}}

func bolt(u, v float64) float64 { return corners(u, v, boltCorners) }

// corners is the shape with the given corners, counter-clockwise or not.
func corners(u, v float64, c [][2]float64) float64 {
	d, inside := math.Inf(1), false
	for i, a := range c {
		b := c[(i+1)%len(c)]
		ex, ey, px, py := b[0]-a[0], b[1]-a[1], u-a[0], v-a[1]
		t := clamp((px*ex + py*ey) / (ex*ex + ey*ey))
		d = min(d, math.Hypot(px-t*ex, py-t*ey))
		if (a[1] > v) != (b[1] > v) && u < a[0]+ex*(v-a[1])/ey {
			inside = !inside
		}
	}
	if inside {
		return -d
	}
	return d
}

func drop(u, v float64) float64 {
	return min(math.Hypot(u, v+0.35)-0.6, max(math.Abs(u)-0.42*(0.95-v), -v-0.2, v-0.95))
}

func clover(u, v float64) float64 {
	d := math.Inf(1)
	for _, c := range [][2]float64{{0, 0.48}, {0.42, -0.24}, {-0.42, -0.24}} {
		d = min(d, math.Hypot(u-c[0], v-c[1])-0.44)
	}
	return d
}
