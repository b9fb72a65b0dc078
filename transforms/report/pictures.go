package report

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"net/http"
	"os"
	"strings"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/evaluate"
	"github.com/retort-ml/retort/transforms/report/html"
	"github.com/retort-ml/retort/transforms/views"
)

// rows is how many images the contact sheet shows; side is the size in pixels
// at most of a picture.
const (
	rows = 8
	side = 128
)

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
	at := map[imagefile.ID]int{}
	for it, err := range d.Stream(1, 0) {
		if err != nil {
			return err
		}
		if len(it.Views) < 2 || len(at) == min(rows, int(d.Images)) {
			break
		}
		at[it.ID] = len(g.r.Views)
		row := html.ViewRow{A: encode(it.Views[0], d.Sizes[0], d.Sizes[0]), B: encode(it.Views[1], d.Sizes[1], d.Sizes[1])}
		recipes := it.Recipes()
		if len(recipes) >= 2 {
			row.CaptionA, row.CaptionB = recipes[0].String(), recipes[1].String()
		}
		g.r.Views = append(g.r.Views, row)
	}
	return g.originals(at)
}

// originals puts the pictures themselves into the rows of the contact sheet.
func (g *gatherer) originals(at map[imagefile.ID]int) error {
	images, err := pipelines.Open(g.job, g.stage.Images)
	if err != nil {
		return err
	}
	for r, err := range pipelines.References(images) {
		if err != nil {
			return err
		}
		if i, ok := at[r.ID]; ok {
			g.r.Views[i].Name, g.r.Views[i].Original = r.Name, picture(r.Ref)
		}
	}
	return nil
}

// unsure shows the images that the teacher is least sure of.
func (g *gatherer) unsure() error {
	a, err := pipelines.Open(g.job, g.stage.Metrics)
	if err != nil {
		return err
	}
	res, err := results(a)
	if err != nil || res.Teacher == nil {
		return err
	}
	for _, u := range res.Teacher.Unsure {
		g.r.Unsure = append(g.r.Unsure, unsureRow(u))
	}
	return nil
}

func unsureRow(u evaluate.Unsure) html.Unsure {
	row := html.Unsure{Name: u.ID.String()[:12], Image: picture(u.Ref), Label: u.Truth, Entropy: html.Number(u.Entropy)}
	for _, guess := range u.Guesses {
		row.Guesses = append(row.Guesses, html.Guess{Class: guess.Class, P: html.Number(guess.P)})
	}
	return row
}

// thumbnail is a picture of a rejected image, where any can be made: what lies
// outside archives and is not too large may still be decoded in part by a
// browser.
func thumbnail(r artifact.Rejected) []byte {
	if r.Offset > 0 || r.URI == "" {
		return nil
	}
	info, err := os.Stat(r.URI)
	if err != nil || info.Size() == 0 || info.Size() > thumbnailBytes || imagefile.Reason(r.Reason) == imagefile.TooManyPixels {
		return nil
	}
	data, err := os.ReadFile(r.URI)
	if err != nil || !strings.HasPrefix(http.DetectContentType(data), "image/") {
		return nil
	}
	return data
}

// thumbnailBytes is the largest damaged file that goes into the page.
const thumbnailBytes = 256 << 10

// picture is a small PNG of an image; nil where it cannot be read any more.
func picture(ref imagefile.Ref) []byte {
	reader := &imagefile.Reader{}
	defer reader.Close()
	data, err := reader.ReadRef(ref, nil)
	if err != nil {
		return nil
	}
	scale := 1
	for scale < 8 && max(ref.Width, ref.Height)/(2*scale) >= side {
		scale *= 2
	}
	rgb, err := imagefile.Decode(data, imagefile.Options{Scale: scale})
	var q *imagefile.QuarantineError
	if errors.As(err, &q) || err != nil {
		return nil
	}
	return encode(rgb.Pix, rgb.Width, rgb.Height)
}

func encode(pix []uint8, width, height int) []byte {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		copy(img.Pix[4*i:], pix[3*i:3*i+3])
		img.Pix[4*i+3] = 255
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil
	}
	return b.Bytes()
}
