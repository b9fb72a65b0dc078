package imagefile

import (
	"image"
	"image/color"
)

// convert writes img to its place in out, alpha composited on white. Kinds of
// image that it does not know are an error, never guessed at.
func convert(img image.Image, out *RGB) error { return convertAt(img, out, img.Bounds().Min) }

// convertAt writes img to at in out, where there must be room for it.
func convertAt(img image.Image, out *RGB, at image.Point) error {
	width, height := img.Bounds().Dx(), img.Bounds().Dy()
	for y := range height {
		row := out.Pix[3*((y+at.Y)*out.Width+at.X):][:3*width]
		if !convertRow(img, y, row) {
			return reject(Unsupported, "pixels of type %T", img)
		}
	}
	return nil
}

// convertRow converts row y, counted from the image's first.
func convertRow(img image.Image, y int, out []uint8) bool {
	switch img := img.(type) {
	case *image.Gray:
		for x, v := range img.Pix[y*img.Stride:][:len(out)/3] {
			put(out[3*x:], v, v, v)
		}
	case *image.Gray16:
		row := img.Pix[y*img.Stride:]
		for x := range len(out) / 3 {
			v := narrow(word(row[2*x:]))
			put(out[3*x:], v, v, v)
		}
	case *image.RGBA: // our decoders use it for opaque images only, where it equals NRGBA
		rowNRGBA(img.Pix[y*img.Stride:], out)
	case *image.NRGBA:
		rowNRGBA(img.Pix[y*img.Stride:], out)
	case *image.RGBA64:
		rowNRGBA64(img.Pix[y*img.Stride:], out)
	case *image.NRGBA64:
		rowNRGBA64(img.Pix[y*img.Stride:], out)
	case *image.Paletted:
		for x, index := range img.Pix[y*img.Stride:][:len(out)/3] {
			rowPalette(img.Palette, index, out[3*x:3*x+3])
		}
	case *image.YCbCr:
		webpRow(img, y, nil, out)
	case *image.NYCbCrA:
		webpRow(&img.YCbCr, y, img.A[y*img.AStride:], out)
	default:
		return false
	}
	return true
}

func put(out []uint8, r, g, b uint8) { out[0], out[1], out[2] = r, g, b }

func word(p []uint8) uint32 { return uint32(p[0])<<8 | uint32(p[1]) }

// narrow is round(v * 255 / 65535).
func narrow(v uint32) uint8 { return uint8((v*255 + 32767) / 65535) }

// over is v at opacity a on white, rounded.
func over(v, a uint8) uint8 {
	return uint8((uint32(v)*uint32(a) + 255*(255-uint32(a)) + 127) / 255)
}

func rowNRGBA(in, out []uint8) {
	for x := 0; 3*x < len(out); x++ {
		p := in[4*x : 4*x+4]
		if p[3] == 255 {
			copy(out[3*x:3*x+3], p)
			continue
		}
		put(out[3*x:], over(p[0], p[3]), over(p[1], p[3]), over(p[2], p[3]))
	}
}

func rowNRGBA64(in, out []uint8) {
	for x := 0; 3*x < len(out); x++ {
		p := in[8*x : 8*x+8]
		if a := p[6]; word(p[6:]) != 65535 { // through 8 bits, as Pillow goes
			put(out[3*x:], over(p[0], a), over(p[2], a), over(p[4], a))
			continue
		}
		for c := range 3 {
			out[3*x+c] = narrow(word(p[2*c:]))
		}
	}
}

func rowPalette(palette color.Palette, index uint8, out []uint8) {
	if int(index) >= len(palette) {
		put(out, 0, 0, 0) // as the other readers do: a missing colour is black
		return
	}
	switch c := palette[index].(type) {
	case color.RGBA: // opaque, or GIF's transparent black
		put(out, over(c.R, 255)+(255-c.A), c.G+(255-c.A), c.B+(255-c.A))
	case color.NRGBA:
		put(out, over(c.R, c.A), over(c.G, c.A), over(c.B, c.A))
	default:
		n := color.NRGBAModel.Convert(c).(color.NRGBA)
		put(out, over(n.R, n.A), over(n.G, n.A), over(n.B, n.A))
	}
}
