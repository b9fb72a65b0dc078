package report

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"strings"

	xdraw "golang.org/x/image/draw"

	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/report/html"
	"github.com/retort-ml/retort/transforms/views"
	"github.com/retort-ml/retort/transforms/views/augment"
)

// rows is how many images the contact sheet shows. It fills rows of two and
// of three.
const rows = 12

// contactSheet shows the first views of a few images beside the originals.
func (g *gatherer) contactSheet() error {
	if g.stage.Views.IsZero() || g.stage.Images.IsZero() {
		return nil
	}
	a, err := pipelines.Open(g.job, g.stage.Views)
	if err != nil {
		return err
	}
	d, err := views.Open(a)
	if err != nil {
		return err
	}
	var ids []imagefile.ID
	for block := 0; block < d.Blocks() && len(ids) < rows && len(d.Sizes) > 1; block++ {
		for rec, err := range d.Block(0, block) {
			if err != nil {
				return err
			}
			if len(ids) == rows {
				break
			}
			ids = append(ids, rec.ID)
			g.r.Views = append(g.r.Views, viewRow(rec, d.Sizes))
		}
	}
	refs, err := g.find(ids)
	if err != nil {
		return err
	}
	for i, id := range ids {
		if ref, ok := refs[id]; ok {
			g.r.Views[i].Name, g.r.Views[i].Original = ref.Name, picture(ref)
		}
	}
	return nil
}

func viewRow(rec *views.Record, sizes []int) html.ViewRow {
	row := html.ViewRow{A: encode(rec.Views[0], sizes[0], sizes[0]), B: encode(rec.Views[1], sizes[1], sizes[1])}
	recipes := rec.Recipes()
	if len(recipes) < 2 {
		return row
	}
	row.Width, row.Height = recipes[0].Width, recipes[0].Height
	row.CaptionA, row.CropA = caption(recipes[0]), crop(recipes[0])
	row.CaptionB, row.CropB = caption(recipes[1]), crop(recipes[1])
	return row
}

// caption is a recipe for people: what the crop keeps of the image, then the
// operations in the order in which they were applied.
func caption(r augment.Recipe) string {
	parts := []string{"whole"}
	if area := r.Width * r.Height; area > 0 && r.Crop.W*r.Crop.H < area {
		parts[0] = fmt.Sprintf("crop %.0f %%", 100*float64(r.Crop.W*r.Crop.H)/float64(area))
	}
	words := strings.Fields(r.String())[1:] // the first is the crop in pixels
	return strings.NewReplacer("*", "×", "-", "−").Replace(strings.Join(append(parts, words...), " "))
}

// crop is what a recipe keeps, as shares of the image's sides.
func crop(r augment.Recipe) [4]html.Number {
	if r.Width <= 0 || r.Height <= 0 {
		return [4]html.Number{}
	}
	w, h := float64(r.Width), float64(r.Height)
	return [4]html.Number{html.Number(float64(r.Crop.X) / w), html.Number(float64(r.Crop.Y) / h),
		html.Number(float64(r.Crop.W) / w), html.Number(float64(r.Crop.H) / h)}
}

// find looks images up in the ingested index, which knows their names.
func (g *gatherer) find(ids []imagefile.ID) (map[imagefile.ID]imagefile.Ref, error) {
	found := map[imagefile.ID]imagefile.Ref{}
	if g.stage.Images.IsZero() || len(ids) == 0 {
		return found, nil
	}
	wanted := map[imagefile.ID]bool{}
	for _, id := range ids {
		wanted[id] = true
	}
	a, err := pipelines.Open(g.job, g.stage.Images)
	if err != nil {
		return nil, err
	}
	for r, err := range pipelines.References(a) {
		if err != nil {
			return nil, err
		}
		if wanted[r.ID] {
			found[r.ID] = r.Ref
		}
	}
	return found, nil
}

// unsure shows the images that the teacher is least sure of.
func (g *gatherer) unsure() error {
	if g.results.Teacher == nil {
		return nil
	}
	var ids []imagefile.ID
	for _, u := range g.results.Teacher.Unsure {
		ids = append(ids, u.ID)
	}
	refs, err := g.find(ids)
	if err != nil {
		return err
	}
	for _, u := range g.results.Teacher.Unsure {
		row := html.Unsure{Name: u.ID.String()[:12], Image: picture(u.Ref), Label: u.Truth, Entropy: html.Number(u.Entropy)}
		if name := refs[u.ID].Name; name != "" {
			row.Name = name
		}
		for _, guess := range u.Guesses {
			row.Guesses = append(row.Guesses, html.Guess{Class: guess.Class, P: html.Number(guess.P)})
		}
		g.r.Unsure = append(g.r.Unsure, row)
	}
	return nil
}

// picture is a small picture of an image; nil where it cannot be read any more.
func picture(ref imagefile.Ref) []byte {
	reader := &imagefile.Reader{}
	defer reader.Close()
	data, err := reader.ReadRef(ref, nil)
	if err != nil {
		return nil
	}
	return shrunk(data, ref.Width, ref.Height)
}

// shrunk decodes an encoded image of about width x height at a size that is no
// larger than needed; nil where it cannot be decoded.
func shrunk(data []byte, width, height int) []byte {
	scale := 1
	for scale < 8 && max(width, height)/(2*scale) >= side {
		scale *= 2
	}
	rgb, err := imagefile.Decode(data, imagefile.Options{Scale: scale})
	if err != nil {
		return nil
	}
	return encode(rgb.Pix, rgb.Width, rgb.Height)
}

// side is what a picture in the page measures at most, in pixels; one of at
// most exact pixels is kept as it is, to the bit.
const (
	side  = 192
	exact = 64
)

// encode makes a small picture of packed RGB.
func encode(pix []uint8, width, height int) []byte {
	if width < 1 || height < 1 || len(pix) < 3*width*height {
		return nil
	}
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		copy(img.Pix[4*i:], pix[3*i:3*i+3])
		img.Pix[4*i+3] = 255
	}
	var b bytes.Buffer
	if max(width, height) <= exact {
		if png.Encode(&b, img) != nil {
			return nil
		}
		return b.Bytes()
	}
	if longest := max(width, height); longest > side {
		small := image.NewNRGBA(image.Rect(0, 0, max(1, width*side/longest), max(1, height*side/longest)))
		xdraw.CatmullRom.Scale(small, small.Rect, img, img.Rect, xdraw.Src, nil)
		img = small
	}
	if jpeg.Encode(&b, img, &jpeg.Options{Quality: 88}) != nil {
		return nil
	}
	return b.Bytes()
}
