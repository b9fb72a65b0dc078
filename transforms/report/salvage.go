package report

import (
	"bytes"
	"errors"
	"image"
	"image/draw"
	"image/jpeg"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/imagefile"
	ownjpeg "github.com/retort-ml/retort/io/imagefile/jpeg"
)

// Limits of what is looked at for a thumbnail of a damaged image: a report is
// not worth the memory that the image was set aside for.
const (
	salvageBytes  = 16 << 20
	salvagePixels = 25_000_000
)

// thumbnail is a picture of what can still be seen of a rejected image; nil
// where nothing can. It is decoded here and encoded anew: no damaged bytes get
// into the page.
func thumbnail(r artifact.Rejected) []byte {
	data, err := rejectedBytes(r)
	if err != nil {
		return nil
	}
	info, err := imagefile.DecodeConfig(data)
	if err != nil || info.Width < 1 || info.Height < 1 || info.Width > salvagePixels/info.Height {
		return nil
	}
	if small := shrunk(data, info.Width, info.Height); small != nil { // set aside for another reason than damage
		return small
	}
	var img image.Image
	switch info.Format {
	case imagefile.JPEG:
		img = salvageJPEG(data)
	case imagefile.PNG:
		img = salvagePNG(data)
	}
	if img == nil {
		return nil
	}
	return encode(packed(img))
}

// rejectedBytes reads a file, or a member of an archive.
func rejectedBytes(r artifact.Rejected) ([]byte, error) {
	f, err := blob.OpenFile(r.URI)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	n := r.Length
	if r.Offset == 0 {
		n = f.Size()
	}
	if n <= 0 || n > salvageBytes || r.Offset < 0 || r.Offset > f.Size() {
		return nil, errors.New("nothing to show")
	}
	data := make([]byte, min(n, f.Size()-r.Offset)) // an archive may be cut
	_, err = f.ReadAt(data, r.Offset)
	return data, err
}

// salvageJPEG decodes what comes before the damage. The missing data are made
// up, twice and differently: where both pictures agree, they are the image's.
func salvageJPEG(data []byte) image.Image {
	var damage *ownjpeg.FormatError
	if _, _, _, err := new(ownjpeg.Decoder).Decode(data, nil); errors.As(err, &damage) && damage.Offset < len(data) {
		data = data[:damage.Offset]
	}
	a, errA := padded(data, 0x00)
	b, errB := padded(data, 0x55)
	if errA != nil || errB != nil || a.Bounds() != b.Bounds() {
		return nil
	}
	return common(a, b)
}

func padded(data []byte, filler byte) (image.Image, error) {
	pad := bytes.Repeat([]byte{filler}, max(1<<16, 2*len(data)))
	return jpeg.Decode(bytes.NewReader(append(append(bytes.Clone(data), pad...), 0xff, 0xd9)))
}

// common is a above the first row that differs from b, and grey below; nil
// where they share nothing.
func common(a, b image.Image) image.Image {
	pixA, w, h := packed(a)
	pixB, _, _ := packed(b)
	same := 0
	for same < h && bytes.Equal(pixA[3*w*same:3*w*(same+1)], pixB[3*w*same:3*w*(same+1)]) {
		same++
	}
	if same == 0 {
		return nil
	}
	return grey(pixA, w, h, same)
}

// grey is the first rows of a picture, the rest left grey.
func grey(pix []uint8, w, h, rows int) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		copy(img.Pix[4*i:], []uint8{128, 128, 128, 255})
		if i < rows*w {
			copy(img.Pix[4*i:], pix[3*i:3*i+3])
		}
	}
	return img
}

// packed is an image as packed RGB, on white.
func packed(img image.Image) (pix []uint8, w, h int) {
	b := img.Bounds()
	w, h = b.Dx(), b.Dy()
	flat := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(flat, flat.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(flat, flat.Rect, img, b.Min, draw.Over)
	pix = make([]uint8, 0, 3*w*h)
	for i := range w * h {
		pix = append(pix, flat.Pix[4*i:4*i+3]...)
	}
	return pix, w, h
}
