package augment

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/retort-ml/retort/internal/refdata"
)

// Each comparison of a distribution is made at this level of significance; the
// keys are fixed, so that a pass stays a pass.
const significance = 1e-4

// histogram is one of the reference's.
type histogram struct {
	Lo, Hi float64
	Bins   int
	Counts []float64
}

func (h histogram) fill(values []float64) []float64 {
	counts := make([]float64, h.Bins)
	for _, v := range values {
		bin := int((v - h.Lo) / (h.Hi - h.Lo) * float64(h.Bins))
		if v >= h.Lo && v <= h.Hi {
			counts[min(bin, h.Bins-1)]++
		}
	}
	return counts
}

// sameDistribution is the chi-square test of homogeneity of two samples'
// counts.
func sameDistribution(t *testing.T, name string, got, want []float64) {
	t.Helper()
	var n, m float64
	for i := range got {
		n, m = n+got[i], m+want[i]
	}
	var chi2 float64
	freedom := -1
	for i := range got {
		if got[i]+want[i] > 0 {
			d := math.Sqrt(m/n)*got[i] - math.Sqrt(n/m)*want[i]
			chi2 += d * d / (got[i] + want[i])
			freedom++
		}
	}
	if p := chiSquareTail(chi2, freedom); p < significance {
		t.Errorf("%s: chi-square %.1f with %d degrees of freedom, p = %.2g", name, chi2, freedom, p)
	}
}

// chiSquareTail is the chance of a larger chi-square (Wilson and Hilferty's
// approximation, good to a few percent of p).
func chiSquareTail(chi2 float64, freedom int) float64 {
	if freedom < 1 {
		return 1
	}
	v := 2 / (9 * float64(freedom))
	z := (math.Cbrt(chi2/float64(freedom)) - (1 - v)) / math.Sqrt(v)
	return math.Erfc(z/math.Sqrt2) / 2
}

// kolmogorovSmirnov is the two-sample test; ties make it err towards passing.
func kolmogorovSmirnov(t *testing.T, name string, a, b []float64) {
	t.Helper()
	slices.Sort(a)
	slices.Sort(b)
	n, m := float64(len(a)), float64(len(b))
	worst, j := 0.0, 0
	for i := range a {
		if i+1 < len(a) && a[i+1] == a[i] {
			continue
		}
		for j < len(b) && b[j] <= a[i] {
			j++
		}
		worst = max(worst, math.Abs(float64(i+1)/n-float64(j)/m))
	}
	if limit := math.Sqrt(-math.Log(significance/2)/2) * math.Sqrt((n+m)/(n*m)); worst > limit {
		t.Errorf("%s: distance %.4f; want below %.4f", name, worst, limit)
	}
}

// frequency holds a count against a frequency measured over n, at 4 sigma.
func frequency(t *testing.T, name string, got, of int, want float64, n int) {
	t.Helper()
	p := float64(got) / float64(of)
	sigma := math.Sqrt(max(want*(1-want), 1/float64(n)) * (1/float64(n) + 1/float64(of)))
	if math.Abs(p-want) > 4*sigma {
		t.Errorf("%s: %.4f of %d, want %.4f +- %.4f", name, p, of, want, 4*sigma)
	}
}

// cropReference is what the reference says of its crops of one image size.
type cropReference struct {
	ImageHW       [2]int     `json:"image_hw"`
	Aspect        [2]float64 `json:"aspect_ratio_range"`
	Area          [2]float64 `json:"area_range"`
	MinCovered    float64    `json:"min_object_covered"`
	Attempts      int        `json:"max_attempts"`
	AreaHist      histogram  `json:"area_hist"`
	AspectHist    histogram  `json:"aspect_hist"`
	Y             histogram  `json:"y_hist_frac"`
	X             histogram  `json:"x_hist_frac"`
	CenterY       histogram  `json:"center_y_hist"`
	CenterX       histogram  `json:"center_x_hist"`
	H             histogram  `json:"h_hist_frac"`
	W             histogram  `json:"w_hist_frac"`
	RelativeY     histogram  `json:"rel_y_hist(y/(H-h)) where h<H"`
	RelativeX     histogram  `json:"rel_x_hist(x/(W-w)) where w<W"`
	FullImage     float64    `json:"frac_full_image"`
	FullH         float64    `json:"frac_h_full"`
	FullW         float64    `json:"frac_w_full"`
	BottomReached int        `json:"count_y_eq_H_minus_h_with_h_lt_H"`
	RightReached  int        `json:"count_x_eq_W_minus_w_with_w_lt_W"`
	AreaTooSmall  int        `json:"count_area_lt_0.1"`
}

type distributions struct {
	N          int
	Crop       map[string]cropReference
	Preprocess []jitterReference `json:"preprocess_for_train"`
	Blur       struct {
		SigmaHist histogram `json:"sigma_hist"`
		Selector  float64   `json:"selector_freq"`
		N         int       `json:"n_selector_draws"`
	}
}

type jitterReference struct {
	Impl                                  string
	Strength                              float64
	N                                     int
	Flip                                  float64 `json:"freq_flip"`
	Jitter                                float64 `json:"freq_jitter"`
	Gray                                  float64 `json:"freq_gray"`
	GrayGivenJitter                       float64 `json:"freq_gray_given_jitter"`
	Brightness, Contrast, Saturation, Hue struct{ Hist histogram }
	OrderCounts                           map[string]float64 `json:"order_counts"`
}

func loadDistributions(t *testing.T) (distributions, string) {
	dir := refdata.Dir(t, "augment")
	var d distributions
	path := filepath.Join(dir, "distributions.json")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the set has no distributions: %v", err)
	}
	refdata.JSON(t, path, &d)
	return d, dir
}

const draws = 60000

// drawBoxes gives the crops of an image of height x width pixels with the
// reference's arguments.
func drawBoxes(ref cropReference) []Box {
	cfg := FineTune(224)
	cfg.Area, cfg.Aspect = Range{ref.Area[0], ref.Area[1]}, Range{ref.Aspect[0], ref.Aspect[1]}
	cfg.MinCovered, cfg.Attempts = ref.MinCovered, ref.Attempts
	boxes := make([]Box, draws)
	for i := range boxes {
		boxes[i] = Draw(&cfg, ref.ImageHW[1], ref.ImageHW[0], Key{Seed: 11, Pass: i}).Crop
	}
	return boxes
}

func TestReferenceCropDistributions(t *testing.T) {
	d, _ := loadDistributions(t)
	for size, ref := range d.Crop {
		t.Run(size, func(t *testing.T) {
			boxes, n := drawBoxes(ref), d.N
			H, W := float64(ref.ImageHW[0]), float64(ref.ImageHW[1])
			values := func(name string, h histogram, f func(b Box) (float64, bool)) {
				var v []float64
				for _, b := range boxes {
					if x, ok := f(b); ok {
						v = append(v, x)
					}
				}
				if len(h.Counts) > 0 {
					sameDistribution(t, name, h.fill(v), h.Counts)
				}
			}
			all := func(f func(x, y, w, h float64) float64) func(b Box) (float64, bool) {
				return func(b Box) (float64, bool) {
					return f(float64(b.X), float64(b.Y), float64(b.W), float64(b.H)), true
				}
			}
			values("area", ref.AreaHist, all(func(x, y, w, h float64) float64 { return w * h / (W * H) }))
			values("aspect", ref.AspectHist, all(func(x, y, w, h float64) float64 { return w / h }))
			values("y", ref.Y, all(func(x, y, w, h float64) float64 { return y / H }))
			values("x", ref.X, all(func(x, y, w, h float64) float64 { return x / W }))
			values("centre y", ref.CenterY, all(func(x, y, w, h float64) float64 { return (y + h/2) / H }))
			values("centre x", ref.CenterX, all(func(x, y, w, h float64) float64 { return (x + w/2) / W }))
			values("height", ref.H, all(func(x, y, w, h float64) float64 { return h / H }))
			values("width", ref.W, all(func(x, y, w, h float64) float64 { return w / W }))
			values("relative y", ref.RelativeY, func(b Box) (float64, bool) {
				return float64(b.Y) / (H - float64(b.H)), float64(b.H) < H
			})
			values("relative x", ref.RelativeX, func(b Box) (float64, bool) {
				return float64(b.X) / (W - float64(b.W)), float64(b.W) < W
			})
			count := func(f func(b Box) bool) (k int) {
				for _, b := range boxes {
					if f(b) {
						k++
					}
				}
				return k
			}
			width, height := ref.ImageHW[1], ref.ImageHW[0]
			frequency(t, "whole image", count(func(b Box) bool { return b.W == width && b.H == height }), draws, ref.FullImage, n)
			frequency(t, "full height", count(func(b Box) bool { return b.H == height }), draws, ref.FullH, n)
			frequency(t, "full width", count(func(b Box) bool { return b.W == width }), draws, ref.FullW, n)
			never := func(name string, seen int, f func(b Box) bool) {
				if k := count(f); seen == 0 && k > 0 {
					t.Errorf("%s: %d of %d, the reference never", name, k, draws)
				}
			}
			never("bottom reached", ref.BottomReached, func(b Box) bool { return b.H < height && b.Y == height-b.H })
			never("right edge reached", ref.RightReached, func(b Box) bool { return b.W < width && b.X == width-b.W })
			never("area below 0.1", ref.AreaTooSmall, func(b Box) bool { return float64(b.W*b.H) < 0.1*W*H })
		})
	}
}

func TestReferenceCropDraws(t *testing.T) {
	d, dir := loadDistributions(t)
	path := filepath.Join(dir, "crop_draws.npz")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the set has no raw draws: %v", err)
	}
	arrays := refdata.NPZ(t, path)
	for size, ref := range d.Crop {
		raw, ok := arrays["bbox_yxhw_"+size]
		if !ok {
			continue
		}
		t.Run(size, func(t *testing.T) {
			boxes := drawBoxes(ref)
			fields := []struct {
				name string
				of   func(y, x, h, w float64) float64
			}{
				{"y", func(y, x, h, w float64) float64 { return y }},
				{"x", func(y, x, h, w float64) float64 { return x }},
				{"height", func(y, x, h, w float64) float64 { return h }},
				{"width", func(y, x, h, w float64) float64 { return w }},
				{"area", func(y, x, h, w float64) float64 { return w * h }},
				{"aspect", func(y, x, h, w float64) float64 { return w / h }},
				{"right edge", func(y, x, h, w float64) float64 { return x + w }},
				{"bottom edge", func(y, x, h, w float64) float64 { return y + h }},
			}
			for _, f := range fields {
				var got, want []float64
				for _, b := range boxes {
					got = append(got, f.of(float64(b.Y), float64(b.X), float64(b.H), float64(b.W)))
				}
				for i := 0; i+3 < len(raw.Data); i += 4 {
					q := raw.Data[i:]
					want = append(want, f.of(float64(q[0]), float64(q[1]), float64(q[2]), float64(q[3])))
				}
				kolmogorovSmirnov(t, f.name, got, want)
			}
		})
	}
}

func TestReferenceJitterDistributions(t *testing.T) {
	d, _ := loadDistributions(t)
	for _, ref := range d.Preprocess {
		t.Run(fmt.Sprintf("%s_%v", ref.Impl, ref.Strength), func(t *testing.T) {
			cfg := Pretrain(224)
			cfg.Mode, cfg.Strength = BrightnessMode(ref.Impl), ref.Strength
			var flips, jitters, grays, both int
			factors := map[string][]float64{}
			orders := map[string]float64{}
			for i := range draws {
				r := Draw(&cfg, 224, 224, Key{Seed: 5, View: i})
				flips += one(r.Flip)
				grays += one(r.Gray)
				jitters += one(r.Jitter.On)
				both += one(r.Gray && r.Jitter.On)
				if j := r.Jitter; j.On {
					factors["brightness"] = append(factors["brightness"], float64(j.Brightness))
					factors["contrast"] = append(factors["contrast"], float64(j.Contrast))
					factors["saturation"] = append(factors["saturation"], float64(j.Saturation))
					factors["hue"] = append(factors["hue"], float64(j.Hue))
					orders[strings.NewReplacer("[", "", "]", "", " ", "").Replace(fmt.Sprint([]int{int(j.Order[0]), int(j.Order[1]), int(j.Order[2]), int(j.Order[3])}))]++
				}
			}
			frequency(t, "flip", flips, draws, ref.Flip, ref.N)
			frequency(t, "jitter", jitters, draws, ref.Jitter, ref.N)
			frequency(t, "gray", grays, draws, ref.Gray, ref.N)
			frequency(t, "gray given jitter", both, jitters, ref.GrayGivenJitter, int(float64(ref.N)*ref.Jitter))
			for name, h := range map[string]histogram{
				"brightness": ref.Brightness.Hist, "contrast": ref.Contrast.Hist,
				"saturation": ref.Saturation.Hist, "hue": ref.Hue.Hist,
			} {
				sameDistribution(t, name, h.fill(factors[name]), h.Counts)
				outside := 0
				for _, x := range factors[name] {
					outside += one(x < h.Lo-1e-6 || x > h.Hi+1e-6)
				}
				if outside > 0 {
					t.Errorf("%s: %d of %d outside %v..%v", name, outside, draws, h.Lo, h.Hi)
				}
			}
			var got, want []float64
			for o, k := range ref.OrderCounts {
				got, want = append(got, orders[o]), append(want, k)
			}
			sameDistribution(t, "order", got, want)
		})
	}
}

func TestReferenceBlurDistributions(t *testing.T) {
	d, _ := loadDistributions(t)
	cfg := Pretrain(224)
	var sigma []float64
	for i := range draws {
		if r := Draw(&cfg, 224, 224, Key{Seed: 6, View: i}); r.Sigma > 0 {
			sigma = append(sigma, float64(r.Sigma))
		}
	}
	frequency(t, "blur", len(sigma), draws, d.Blur.Selector, d.Blur.N)
	sameDistribution(t, "sigma", d.Blur.SigmaHist.fill(sigma), d.Blur.SigmaHist.Counts)
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}
