package imagefile

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"io"
)

// pngOrientation finds the orientation wherever a PNG may keep it: in an eXIf
// chunk, in the text that ImageMagick writes EXIF as, or in XMP.
func pngOrientation(data []byte) orientation {
	var exif []byte
	none := func() []byte { return nil }
	profile, xmp := none, none // the last of several counts; the others are not unpacked
	pngChunks(data, func(id string, body, _ []byte) bool {
		switch id {
		case "eXIf":
			exif = body
		case "tEXt", "zTXt", "iTXt":
			switch key, text := pngText(id, body); key {
			case "Raw profile type exif":
				profile = func() []byte { return rawProfile(text()) }
			case "XML:com.adobe.xmp":
				xmp = text
			}
		}
		return id != "IEND"
	})
	if exif == nil {
		exif = profile()
	}
	return orientationOf(exif, xmp())
}

// pngText splits a text chunk; the text is unpacked only where it is wanted.
func pngText(id string, body []byte) (key string, text func() []byte) {
	name, rest, ok := bytes.Cut(body, []byte{0})
	packed := id == "zTXt"
	if id == "iTXt" && len(rest) > 2 {
		packed = rest[0] != 0
		rest = rest[2:]
		for range 2 { // a language and the key in it
			var found bool
			_, rest, found = bytes.Cut(rest, []byte{0})
			ok = ok && found
		}
	} else if packed && len(rest) > 0 {
		rest = rest[1:]
	}
	if !ok {
		return "", nil
	}
	return string(name), func() []byte {
		if !packed {
			return rest
		}
		return unpackText(rest)
	}
}

// textMost is the most bytes that a packed text may have, as in libpng and
// Pillow.
const textMost = 1 << 20

func unpackText(packed []byte) []byte {
	z, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(z, textMost))
	if err != nil {
		return nil
	}
	return text
}

// rawProfile reads what ImageMagick writes binary data as: an empty line, the
// name, the length, and hexadecimal digits in lines.
func rawProfile(text []byte) []byte {
	lines := bytes.SplitN(text, []byte("\n"), 4)
	if len(lines) < 4 {
		return nil
	}
	digits := bytes.Join(bytes.Fields(lines[3]), nil)
	out := make([]byte, len(digits)/2)
	if _, err := hex.Decode(out, digits[:2*len(out)]); err != nil {
		return nil
	}
	return out
}
