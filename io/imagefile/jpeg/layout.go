package jpeg

import (
	"fmt"
	"image"
)

// colorSpace is how components become RGB.
type colorSpace int

const (
	gray colorSpace = iota
	ycc
	rgb
	cmyk // Adobe's: inverted
	ycck
)

// upsampler says how a component grows to full resolution.
type upsampler int

const (
	asIs     upsampler = iota
	fancyH             // triangle filter along rows
	fancyV             // … along columns
	fancyHV            // … both
	repeated           // each sample is repeated
)

// layOut decides which blocks are needed for rect (nil: all) at 1/scale, and
// how components become pixels.
func (d *Decoder) layOut(rect *image.Rectangle, scale int) error {
	switch scale {
	case 1, 2, 4, 8:
	default:
		return fmt.Errorf("jpeg: scale %d; want 1, 2, 4 or 8", scale)
	}
	d.scale, d.size = scale, 8/scale
	all := image.Rect(0, 0, ceilDiv(d.info.Width, scale), ceilDiv(d.info.Height, scale))
	d.rect = all
	if rect != nil {
		d.rect = *rect
	}
	if d.rect.Empty() || !d.rect.In(all) {
		return fmt.Errorf("jpeg: region %v is empty or outside the scaled image %v", d.rect, all)
	}
	if err := d.chooseColor(); err != nil {
		return err
	}
	d.fancy = false
	for i := range d.n {
		if err := d.layOutComponent(&d.comps[i]); err != nil {
			return err
		}
	}
	const margin = 2 // the triangle filter looks one chroma sample further
	w, h := d.maxH*d.size, d.maxV*d.size
	d.mcus = image.Rect(max(0, d.rect.Min.X-margin)/w, max(0, d.rect.Min.Y-margin)/h,
		min(d.mcuX, ceilDiv(d.rect.Max.X+margin, w)), min(d.mcuY, ceilDiv(d.rect.Max.Y+margin, h)))
	d.nextY = d.rect.Min.Y
	return nil
}

// layOutComponent follows libjpeg: chroma is first grown by a larger inverse
// DCT, the rest by upsampling, with the triangle filter where it exists.
func (d *Decoder) layOutComponent(c *component) error {
	c.size = d.size
	for c.size < 8 && d.maxH*d.size%(2*c.h*c.size) == 0 && d.maxV*d.size%(2*c.v*c.size) == 0 {
		c.size *= 2
	}
	if d.maxH*d.size%(c.h*c.size) != 0 || d.maxV*d.size%(c.v*c.size) != 0 {
		return UnsupportedError(fmt.Sprintf("component %d has %dx%d of %dx%d samples", c.id, c.h, c.v, d.maxH, d.maxV))
	}
	c.expandX, c.expandY = d.maxH*d.size/(c.h*c.size), d.maxV*d.size/(c.v*c.size)
	c.width = ceilDiv(d.info.Width*c.h*c.size, d.maxH*8)
	c.height = ceilDiv(d.info.Height*c.v*c.size, d.maxV*8)
	fancy := d.size > 1
	switch {
	case c.expandX == 1 && c.expandY == 1:
		c.up = asIs
	case fancy && c.expandX == 2 && c.expandY == 1 && c.width > 2:
		c.up = fancyH
	case fancy && c.expandX == 2 && c.expandY == 2 && c.width > 2:
		c.up = fancyHV
	case fancy && c.expandX == 1 && c.expandY == 2:
		c.up = fancyV
	default:
		c.up = repeated
	}
	d.fancy = d.fancy || c.up == fancyV || c.up == fancyHV
	return nil
}

// chooseColor follows libjpeg's guess (default_decompress_parms), but refuses
// four components without Adobe's marker, which some writers invert and some
// do not.
func (d *Decoder) chooseColor() error {
	ids := [3]byte{d.comps[0].id, d.comps[1].id, d.comps[2].id}
	switch {
	case d.n == 1:
		d.color = gray
	case d.n == 4 && d.adobe < 0:
		return UnsupportedError("four components without an Adobe marker: no telling whether CMYK is inverted")
	case d.n == 4 && d.adobe == 2:
		d.color = ycck
	case d.n == 4:
		d.color = cmyk
	case d.jfif:
		d.color = ycc
	case d.adobe == 0, d.adobe < 0 && ids == [3]byte{'R', 'G', 'B'}:
		d.color = rgb
	default:
		d.color = ycc
	}
	return nil
}

// allocate sizes the buffers for the image at hand.
func (d *Decoder) allocate() error {
	for i := range d.n {
		c := &d.comps[i]
		c.firstBlock, c.lastBlock = d.mcus.Min.X*c.h, d.mcus.Max.X*c.h
		c.ringRows = 2 * c.v * c.size
		c.stride = (ringPad + (c.lastBlock-c.firstBlock)*c.size + 2*ringPad + 31) &^ 31
		c.ring = grow(c.ring, c.ringRows*c.stride)
		if c.up != asIs {
			d.wide[i] = grow(d.wide[i], (d.mcus.Dx()*d.maxH*d.size+4*ringPad)*1)
		}
		if !d.buffers {
			continue
		}
		n := 64 * c.blockX * c.blockY
		// Every block of the first scan takes at least a bit, runs of
		// progressive AC scans aside, which come after a DC scan.
		if i == 0 && n/64/8 > len(d.data) {
			return d.cut()
		}
		if cap(c.coefs) < n {
			c.coefs = make([]int16, n)
		} else {
			c.coefs = c.coefs[:n]
			clear(c.coefs)
		}
	}
	return nil
}
