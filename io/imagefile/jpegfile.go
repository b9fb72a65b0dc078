package imagefile

import (
	"errors"
	"sync"

	"github.com/retort-ml/retort/io/imagefile/jpeg"
)

// decoders keep their tables and buffers from image to image.
var decoders = sync.Pool{New: func() any { return new(decoder) }}

type decoder struct {
	jpeg.Decoder
	parts [MaxParts]jpeg.Part
}

func decodeJPEG(data []byte, h header, windows []window, parts []Part) error {
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	wanted := d.parts[:len(parts)]
	for i, p := range parts {
		wanted[i] = jpeg.Part{Rect: windows[i].stored(h.orientation), Scale: windows[i].scale, Pix: p.Into.Pix}
	}
	defer clear(wanted)
	var err error
	if len(parts) == 1 && windows[0].whole() {
		wanted[0].Pix, _, _, err = d.Decode(data, wanted[0].Pix)
	} else {
		err = d.DecodeParts(data, wanted)
	}
	if err != nil {
		return jpegError(err)
	}
	for i, p := range parts {
		img := RGB{Pix: wanted[i].Pix, Width: wanted[i].Rect.Dx(), Height: wanted[i].Rect.Dy()}
		*p.Into = *orient(&img, h.orientation)
	}
	return nil
}

// jpegHeader reads size and orientation.
func jpegHeader(data []byte, h *header) error {
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	info, err := d.ReadInfo(data)
	if err != nil {
		return jpegError(err)
	}
	h.width, h.height = info.Width, info.Height
	if info.Components == 4 && !info.Marked {
		h.note(UnmarkedCMYK)
	}
	if info.Exif != nil || info.XMP != nil {
		h.orientation = orientationOf(info.Exif, info.XMP)
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
