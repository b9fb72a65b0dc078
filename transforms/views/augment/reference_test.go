package augment

import (
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/retort-ml/retort/internal/refdata"
)

// The tolerances that the reference set states.
const (
	tolerance     = 2e-6
	toleranceHSV  = 5e-6
	toleranceBlur = 1e-6
)

// entry is one array of the reference's manifest.
type entry struct {
	File, Key, Op, Variant, Input string
	Shape                         []int
	BBox                          *[4]int `json:"bbox_yxhw"`
	OutHW                         [2]int  `json:"out_hw"`
	CropHW                        *[2]int `json:"crop_hw"`
	OffsetYX                      *[2]int `json:"offset_yx"`
	TestCrop                      bool    `json:"test_crop"`
	Factor, Delta                 float32
	Order                         [4]Op
	Brightness                    *float32
	BrightnessDelta               *float32 `json:"brightness_delta"`
	Contrast, Saturation, Hue     float32
	Sigma                         float32
	ActualSize                    int `json:"actual_size"`
	Height                        int
	HeightArg                     int `json:"height_arg"`
	View                          int
	Selector                      []int
	Flip, Jitter, Gray            bool
	Strength                      float64
	Impl                          string
}

// references is the reference set as it lies on this machine.
type references struct {
	dir     string
	entries []entry
	arrays  map[string]map[string]refdata.Array
	images  map[string]Image
}

func loadReferences(t *testing.T) *references {
	dir := refdata.Dir(t, "augment")
	var manifest struct {
		Entries []entry
		Images  map[string]struct{ File string }
	}
	refdata.JSON(t, filepath.Join(dir, "manifest.json"), &manifest)
	s := &references{dir: dir, entries: manifest.Entries, arrays: map[string]map[string]refdata.Array{}, images: map[string]Image{}}
	for name, img := range manifest.Images {
		if path := filepath.Join(dir, img.File); exists(path) {
			s.images[name] = readPNG(t, path)
		}
	}
	return s
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// image is the one of a name; without it the case is skipped.
func (s *references) image(t *testing.T, name string) Image {
	t.Helper()
	img, ok := s.images[name]
	if !ok {
		t.Skipf("the set at %s has no image %q", s.dir, name)
	}
	return img
}

func readPNG(t *testing.T, path string) Image {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	decoded, err := png.Decode(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return fromImage(decoded)
}

func fromImage(src image.Image) Image {
	b := src.Bounds()
	img := Image{Width: b.Dx(), Height: b.Dy(), Pix: make([]uint8, 0, 3*b.Dx()*b.Dy())}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, b, _ := src.At(x, y).RGBA()
			img.Pix = append(img.Pix, uint8(r>>8), uint8(g>>8), uint8(b>>8))
		}
	}
	return img
}

func (s *references) array(t *testing.T, file, key string) refdata.Array {
	t.Helper()
	if s.arrays[file] == nil {
		s.arrays[file] = refdata.NPZ(t, filepath.Join(s.dir, file))
	}
	a, ok := s.arrays[file][key]
	if !ok {
		t.Fatalf("no array %q in %s", key, file)
	}
	return a
}

// input is a float image that an entry names: "key" of the colour inputs or
// "file:key".
func (s *references) input(t *testing.T, e entry) refdata.Array {
	file, key, ok := strings.Cut(e.Input, ":")
	if !ok {
		file, key = "color_inputs.npz", e.Input
	}
	return s.array(t, file, key)
}

// each runs f as a subtest on every entry whose op begins with one of the
// prefixes, and skips if there is none.
func (s *references) each(t *testing.T, f func(t *testing.T, e entry, want refdata.Array), prefixes ...string) {
	found := false
	for _, e := range s.entries {
		for _, p := range prefixes {
			if strings.HasPrefix(e.Op, p) {
				found = true
				t.Run(e.Key, func(t *testing.T) { f(t, e, s.array(t, e.File, e.Key)) })
			}
		}
	}
	if !found {
		t.Skipf("the set at %s has no %q", s.dir, prefixes)
	}
}

// compare holds got against want, both HWC.
func compare(t *testing.T, got, want []float32, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	worst, at := -1.0, 0
	for i := range got {
		if d := float64(abs(got[i] - want[i])); !(d <= worst) {
			worst, at = d, i
		}
	}
	if !(worst <= tolerance) {
		t.Errorf("value %d (pixel %d, channel %d) = %v, want %v: off by %.2g, tolerance %.2g",
			at, at/3, at%3, got[at], want[at], worst, tolerance)
	}
}

func filterOf(e entry) Filter {
	if strings.HasPrefix(e.Variant, "tf1") {
		return BicubicTF1
	}
	return Bicubic
}

// interleaved gives the renderer's planes as HWC.
func (v *Renderer) interleaved(n int) []float32 {
	out := make([]float32, 3*n)
	for c, plane := range v.plane {
		for i, x := range plane[:n] {
			out[3*i+c] = x
		}
	}
	return out
}

// planes splits HWC into three.
func planes(hwc []float32) (p [3][]float32) {
	for c := range p {
		p[c] = make([]float32, len(hwc)/3)
		for i := range p[c] {
			p[c][i] = hwc[3*i+c]
		}
	}
	return p
}

func TestReferenceSampleConversion(t *testing.T) {
	s := loadReferences(t)
	s.each(t, func(t *testing.T, e entry, want refdata.Array) {
		for v, w := range want.Data {
			if got := float32(v) * (1.0 / 255); got != w {
				t.Errorf("sample %d = %v, want %v", v, got, w)
			}
		}
	}, "convert_image_dtype")
}

func TestReferenceCropAndResize(t *testing.T) {
	s := loadReferences(t)
	s.each(t, func(t *testing.T, e entry, want refdata.Array) {
		img, box := s.image(t, e.Input), Box{X: e.BBox[1], Y: e.BBox[0], W: e.BBox[3], H: e.BBox[2]}
		compare(t, resized(filterOf(e), img, box, e.OutHW), want.Data, tolerance)
	}, "crop_and_resize")
}

func resized(filter Filter, img Image, box Box, outHW [2]int) []float32 {
	var v Renderer
	v.reserve(outHW[1], outHW[0])
	v.resize(filter, outHW[1], outHW[0], img, Recipe{Width: img.Width, Height: img.Height, Crop: box})
	return v.interleaved(outHW[0] * outHW[1])
}

func TestReferenceCentreCrop(t *testing.T) {
	s := loadReferences(t)
	s.each(t, func(t *testing.T, e entry, want refdata.Array) {
		img := s.image(t, e.Input)
		box := centreCrop(img.Width, img.Height, e.OutHW[1], e.OutHW[0], 0.875)
		if e.CropHW != nil && (*e.CropHW != [2]int{box.H, box.W}) {
			t.Errorf("crop %+v, want %v", box, *e.CropHW)
		}
		if e.OffsetYX != nil && (*e.OffsetYX != [2]int{box.Y, box.X}) {
			t.Errorf("crop %+v, want offset %v", box, *e.OffsetYX)
		}
		compare(t, resized(filterOf(e), img, box, e.OutHW), want.Data, tolerance)
	}, "center_crop")
}

func TestReferenceCentreCropShapes(t *testing.T) {
	s := loadReferences(t)
	path := filepath.Join(s.dir, "center_crop_shapes.json")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the set has no crop shapes: %v", err)
	}
	var shapes struct {
		Proportion float64 `json:"crop_proportion"`
		Rows       []struct {
			Image  [2]int `json:"image_hw"`
			Out    [2]int `json:"out_hw"`
			Crop   [2]int `json:"crop_hw"`
			Offset [2]int `json:"offset_yx"`
		}
	}
	refdata.JSON(t, path, &shapes)
	for _, r := range shapes.Rows {
		b := centreCrop(r.Image[1], r.Image[0], r.Out[1], r.Out[0], shapes.Proportion)
		if want := (Box{X: r.Offset[1], Y: r.Offset[0], W: r.Crop[1], H: r.Crop[0]}); b != want {
			t.Errorf("image %v, view %v: %+v, want %+v", r.Image, r.Out, b, want)
		}
	}
}

func TestReferenceEvaluationView(t *testing.T) {
	s := loadReferences(t)
	s.each(t, func(t *testing.T, e entry, want refdata.Array) {
		img := s.image(t, e.Input)
		r := Recipe{Width: img.Width, Height: img.Height, Crop: Box{W: img.Width, H: img.Height}}
		if e.TestCrop {
			r.Crop = centreCrop(img.Width, img.Height, e.OutHW[1], e.OutHW[0], 0.875)
		}
		var v Renderer
		cfg := Eval(e.OutHW[0])
		if err := v.render(&cfg, e.OutHW[1], e.OutHW[0], img, r, nil); err != nil {
			t.Fatal(err)
		}
		compare(t, v.interleaved(e.OutHW[0]*e.OutHW[1]), want.Data, tolerance)
	}, "preprocess_image(is_training=False)")
}

func TestReferenceColourOperations(t *testing.T) {
	s := loadReferences(t)
	each := func(op string, tolerance float64, f func(e entry, p [3][]float32)) {
		s.each(t, func(t *testing.T, e entry, want refdata.Array) {
			p := planes(s.input(t, e).Data)
			f(e, p)
			v := Renderer{plane: p}
			compare(t, v.interleaved(len(p[0])), want.Data, tolerance)
		}, op)
	}
	samples := func(f func(e entry, x float32) float32) func(e entry, p [3][]float32) {
		return func(e entry, p [3][]float32) {
			for _, plane := range p {
				for i, x := range plane {
					plane[i] = f(e, x)
				}
			}
		}
	}
	pixels := func(f func(e entry, r, g, b float32) (float32, float32, float32)) func(e entry, p [3][]float32) {
		return func(e entry, p [3][]float32) {
			for i := range p[0] {
				p[0][i], p[1][i], p[2][i] = f(e, p[0][i], p[1][i], p[2][i])
			}
		}
	}
	each("brightness_simclrv2", tolerance, samples(func(e entry, x float32) float32 { return x * e.Factor }))
	each("brightness_simclrv1", tolerance, samples(func(e entry, x float32) float32 { return x + e.Delta }))
	each("contrast", tolerance, func(e entry, p [3][]float32) {
		for _, plane := range p {
			var total float64
			for _, x := range plane {
				total += float64(x)
			}
			m := float32(total / float64(len(plane)))
			for i, x := range plane {
				plane[i] = aboutMean(x, m, e.Factor)
			}
		}
	})
	each("saturation", toleranceHSV, pixels(func(e entry, r, g, b float32) (float32, float32, float32) {
		return saturate(r, g, b, e.Factor)
	}))
	each("hue", toleranceHSV, pixels(func(e entry, r, g, b float32) (float32, float32, float32) {
		return rotate(r, g, b, jitterStep(&Jitter{Hue: e.Delta}, Hue).a)
	}))
	each("grayscale", tolerance, pixels(func(e entry, r, g, b float32) (float32, float32, float32) {
		y := luma(r, g, b)
		return y, y, y
	}))
	each("flip_left_right", 0, func(e entry, p [3][]float32) {
		width := e.Shape[1]
		for _, plane := range p {
			for at := 0; at < len(plane); at += width {
				for i, j := at, at+width-1; i < j; i, j = i+1, j-1 {
					plane[i], plane[j] = plane[j], plane[i]
				}
			}
		}
	})
}

func (e entry) jitter() Jitter {
	j := Jitter{On: true, Order: e.Order, Mode: Multiply, Contrast: e.Contrast, Saturation: e.Saturation, Hue: e.Hue}
	if e.Brightness != nil {
		j.Brightness = *e.Brightness
	}
	if strings.HasSuffix(e.Op, "simclrv1") || e.Impl == "simclrv1" {
		j.Mode = Add
	}
	if e.BrightnessDelta != nil {
		j.Mode, j.Brightness = Add, *e.BrightnessDelta
	}
	return j
}

func TestReferenceColourOrders(t *testing.T) {
	s := loadReferences(t)
	s.each(t, func(t *testing.T, e entry, want refdata.Array) {
		p := planes(s.input(t, e).Data)
		v := Renderer{plane: p}
		v.colour(len(p[0]), &Recipe{Jitter: e.jitter()}, nil)
		compare(t, v.interleaved(len(p[0])), want.Data, toleranceHSV)
	}, "color_jitter")
}

func TestReferenceBlurKernels(t *testing.T) {
	s := loadReferences(t)
	s.each(t, func(t *testing.T, e entry, want refdata.Array) {
		radius := blurRadius(e.Height)
		if 2*radius+1 != e.ActualSize {
			t.Fatalf("radius %d, want %d taps", radius, e.ActualSize)
		}
		half := gaussian(nil, radius, e.Sigma)
		var got []float32
		for d := -radius; d <= radius; d++ {
			got = append(got, half[max(d, -d)])
		}
		compare(t, got, want.Data, toleranceBlur)
	}, "gaussian_blur 1-D taps")
}

// blurred blurs one HWC image of any shape with the kernel of a view height.
func blurred(hwc []float32, width, height, heightArg int, sigma float32) []float32 {
	p := planes(hwc)
	var v Renderer
	v.reserve(width, height)
	for c := range p {
		copy(v.plane[c], p[c])
	}
	v.blurBy(width, height, blurRadius(heightArg), sigma, nil)
	return v.interleaved(width * height)
}

func TestReferenceBlur(t *testing.T) {
	s := loadReferences(t)
	s.each(t, func(t *testing.T, e entry, want refdata.Array) {
		in := s.input(t, e)
		got := blurred(in.Data, in.Shape[1], in.Shape[0], e.HeightArg, e.Sigma)
		for i, w := range want.Data {
			want.Data[i] = clip(w)
		}
		compare(t, got, want.Data, toleranceBlur)
	}, "gaussian_blur SAME")
}

func TestReferenceBatchBlur(t *testing.T) {
	s := loadReferences(t)
	s.each(t, func(t *testing.T, e entry, want refdata.Array) {
		in := s.array(t, e.File, strings.Replace(e.Key, "_out_", "_in_", 1))
		height, width, n := in.Shape[1], in.Shape[2], in.Shape[1]*in.Shape[2]*3
		for i, on := range e.Selector {
			got := in.Data[i*n:][:n]
			if on == 1 {
				got = blurred(got, width, height, e.HeightArg, e.Sigma)
			}
			compare(t, got, want.Data[i*n:][:n], toleranceBlur)
		}
	}, "batch_random_blur")
}

func TestReferencePipeline(t *testing.T) {
	s := loadReferences(t)
	s.each(t, func(t *testing.T, e entry, want refdata.Array) {
		img := s.image(t, e.Input)
		r := Recipe{
			Width: img.Width, Height: img.Height, Flip: e.Flip, Gray: e.Gray,
			Crop: Box{X: e.BBox[1], Y: e.BBox[0], W: e.BBox[3], H: e.BBox[2]},
		}
		if e.Jitter {
			r.Jitter = e.jitter()
		}
		var v Renderer
		cfg := Pretrain(e.OutHW[0])
		cfg.Filter = filterOf(e)
		if err := v.render(&cfg, e.OutHW[1], e.OutHW[0], img, r, nil); err != nil {
			t.Fatal(err)
		}
		compare(t, v.interleaved(e.OutHW[0]*e.OutHW[1]), want.Data, toleranceHSV)
	}, "preprocess_for_train")
}
