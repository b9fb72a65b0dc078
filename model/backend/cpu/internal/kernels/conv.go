package kernels

import "fmt"

// Conv is the geometry of a two-dimensional convolution: x [N, H, W, Ci],
// w [KH, KW, Ci/Groups, Co], y [N, OH, OW, Co],
//
//	y[n, i, j, o] = Σ x[n, i*StrideH+a*DilH-PadT, j*StrideW+b*DilW-PadL, c] · w[a, b, c, o]
//
// over a, b and the channels c of o's group, x being zero outside the image.
// PadT and PadL may be negative (cropping); padding at the bottom and right is
// whatever OH and OW imply.
type Conv struct {
	N, H, W, Ci      int
	KH, KW           int
	Co               int
	OH, OW           int
	StrideH, StrideW int
	PadT, PadL       int
	DilH, DilW       int
	Groups           int
}

// Err says what is wrong with the geometry, or nil.
func (s Conv) Err() error {
	sizes := []struct {
		name       string
		value, min int
	}{
		{"N", s.N, 0}, {"H", s.H, 0}, {"W", s.W, 0}, {"Ci", s.Ci, 0}, {"KH", s.KH, 0}, {"KW", s.KW, 0},
		{"Co", s.Co, 0}, {"OH", s.OH, 0}, {"OW", s.OW, 0}, {"StrideH", s.StrideH, 1}, {"StrideW", s.StrideW, 1},
		{"DilH", s.DilH, 1}, {"DilW", s.DilW, 1}, {"Groups", s.Groups, 1},
	}
	for _, v := range sizes {
		if v.value < v.min {
			return fmt.Errorf("kernels: convolution: %s = %d; want >= %d", v.name, v.value, v.min)
		}
	}
	if s.Ci%s.Groups != 0 || s.Co%s.Groups != 0 {
		return fmt.Errorf("kernels: convolution: Ci = %d and Co = %d; want multiples of Groups = %d", s.Ci, s.Co, s.Groups)
	}
	return nil
}

// FLOPs is the number of additions and multiplications of one pass, padding
// included.
func (s Conv) FLOPs() float64 {
	return 2 * float64(s.N*s.OH*s.OW) * float64(s.Co) * float64(s.KH*s.KW*(s.Ci/s.Groups))
}

func (s Conv) lenX() int { return s.N * s.H * s.W * s.Ci }
func (s Conv) lenY() int { return s.N * s.OH * s.OW * s.Co }
func (s Conv) lenW() int { return s.KH * s.KW * (s.Ci / s.Groups) * s.Co }

func (s Conv) check(op string, x, w, y []float32) {
	if err := s.Err(); err != nil {
		panic(err)
	}
	wantLen(op, "x", x, s.lenX())
	wantLen(op, "w", w, s.lenW())
	wantLen(op, "y", y, s.lenY())
}
