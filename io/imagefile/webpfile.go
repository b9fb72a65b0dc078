package imagefile

import (
	"bytes"
	"encoding/binary"
	"image"

	"golang.org/x/image/webp"
)

func webpHeader(data []byte, h *header) error {
	if n := int64(binary.LittleEndian.Uint32(data[4:])) + 8; n > int64(len(data)) {
		return reject(Truncated, "webp: %d bytes of %d", len(data), n)
	}
	f := scanWebP(data)
	h.orientation = orientationOf(f.exif, f.xmp)
	if f.animated {
		if f.frame == nil {
			return reject(Corrupt, "webp: an animation without a frame")
		}
		h.width, h.height = f.width, f.height
		return nil
	}
	config, err := webp.DecodeConfig(bytes.NewReader(data))
	h.width, h.height = config.Width, config.Height
	return err
}

// decodeWebP decodes the image, of an animation the first frame on its canvas.
func decodeWebP(data []byte, h header, out *RGB) error {
	f := scanWebP(data)
	if !f.animated {
		img, err := webp.Decode(bytes.NewReader(data))
		if err != nil {
			return err
		}
		return place(img, h, out)
	}
	still := f.still()
	config, err := webp.DecodeConfig(bytes.NewReader(still))
	if err != nil {
		return err
	}
	at := image.Pt(f.x, f.y)
	if where := (image.Rectangle{Min: at, Max: at.Add(image.Pt(config.Width, config.Height))}); !where.In(image.Rect(0, 0, h.width, h.height)) {
		return reject(Corrupt, "webp: the frame %v lies outside its canvas of %d x %d pixels", where, h.width, h.height)
	}
	img, err := webp.Decode(bytes.NewReader(still))
	if err != nil {
		return err
	}
	white(h, out)
	return convertAt(img, out, at)
}

// webpFile is what the chunks of a WebP file say.
type webpFile struct {
	exif, xmp     []byte
	animated      bool
	width, height int    // of an animation's canvas
	frame         []byte // the chunks of its first frame
	x, y          int    // where that lies
	frameW        []byte // its size as VP8X has it: width-1, height-1
}

func scanWebP(data []byte) webpFile {
	var f webpFile
	webpChunks(data, func(id string, body []byte) bool {
		switch {
		case id == "EXIF" && f.exif == nil:
			f.exif = body
		case id == "XMP " && f.xmp == nil:
			f.xmp = body
		case id == "VP8X" && len(body) >= 10:
			f.animated = body[0]&2 != 0
			f.width, f.height = 1+int(le24(body[4:])), 1+int(le24(body[7:]))
		case id == "ANMF" && f.frame == nil && len(body) >= 16:
			f.x, f.y, f.frameW, f.frame = 2*int(le24(body)), 2*int(le24(body[3:])), body[6:12], body[16:]
		}
		return true
	})
	return f
}

func le24(p []byte) uint32 { return uint32(p[0]) | uint32(p[1])<<8 | uint32(p[2])<<16 }

// still makes a file of its own of an animation's first frame.
func (f *webpFile) still() []byte {
	out := []byte("RIFF\x00\x00\x00\x00WEBP")
	if bytes.HasPrefix(f.frame, []byte("ALPH")) {
		out = append(out, "VP8X\x0a\x00\x00\x00\x10\x00\x00\x00"...)
		out = append(out, f.frameW...)
	}
	out = append(out, f.frame...)
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out
}

// webpChunks calls visit with each chunk of a RIFF WebP file until it returns
// false.
func webpChunks(data []byte, visit func(id string, body []byte) bool) {
	for data = data[min(12, len(data)):]; len(data) >= 8; {
		n := uint64(binary.LittleEndian.Uint32(data[4:]))
		body := data[8:min(8+n, uint64(len(data)))]
		if !visit(string(data[:4]), body) || 8+n+n&1 >= uint64(len(data)) {
			return
		}
		data = data[8+n+n&1:]
	}
}
