package imagefile

import (
	"errors"
	"sync"

	"github.com/retort-ml/retort/io/imagefile/jpeg"
)

// decoders keep their tables and buffers from image to image.
var decoders = sync.Pool{New: func() any { return new(jpeg.Decoder) }}

func decodeJPEG(data []byte, h header, w window, into *RGB) (*RGB, error) {
	d := decoders.Get().(*jpeg.Decoder)
	defer decoders.Put(d)
	if into == nil {
		into = &RGB{}
	}
	stored := w.stored(h.orientation)
	var pix []byte
	var err error
	if w.whole() {
		pix, _, _, err = d.Decode(data, into.Pix)
	} else {
		pix, err = d.DecodeRegion(data, into.Pix, stored, w.scale)
	}
	if err != nil {
		return nil, jpegError(err)
	}
	img := RGB{Pix: pix, Width: stored.Dx(), Height: stored.Dy()}
	*into = *orient(&img, h.orientation)
	return into, nil
}

// jpegHeader reads size and orientation.
func jpegHeader(data []byte, h *header) error {
	d := decoders.Get().(*jpeg.Decoder)
	defer decoders.Put(d)
	info, err := d.ReadInfo(data)
	if err != nil {
		return jpegError(err)
	}
	h.width, h.height = info.Width, info.Height
	if info.Exif != nil {
		h.orientation = exifOrientation(info.Exif)
	}
	return nil
}

func jpegError(err error) error {
	var format *jpeg.FormatError
	var unsupported jpeg.UnsupportedError
	switch {
	case errors.As(err, &format) && format.Truncated:
		return reject(Truncated, "jpeg: %v", err)
	case errors.As(err, &unsupported):
		return reject(Unsupported, "jpeg: %v", err)
	}
	return reject(Corrupt, "jpeg: %v", err)
}
