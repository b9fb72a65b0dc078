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

// layOut decides which blocks the parts need and how components become pixels.
func (d *Decoder) layOut(parts []Part) error {
	if len(parts) > maxParts {
		return fmt.Errorf("jpeg: %d parts of one image; at most %d can be decoded at once", len(parts), maxParts)
	}
	d.chooseColor()
	for len(d.outs) < len(parts) {
		d.outs = append(d.outs, output{})
	}
	d.outs = d.outs[:len(parts)]
	for i := range parts {
		if err := d.outs[i].layOut(d, &parts[i]); err != nil {
			return err
		}
	}
	return nil
}

func (o *output) layOut(d *Decoder, part *Part) error {
	switch part.Scale {
	case 1, 2, 4, 8:
	default:
		return fmt.Errorf("jpeg: scale %d; want 1, 2, 4 or 8", part.Scale)
	}
	o.scale, o.size = part.Scale, 8/part.Scale
	all := image.Rect(0, 0, ceilDiv(d.info.Width, o.scale), ceilDiv(d.info.Height, o.scale))
	if o.rect = part.Rect; part.whole {
		o.rect = all
	}
	if o.rect.Empty() || !o.rect.In(all) {
		return fmt.Errorf("jpeg: region %v is empty or outside the scaled image %v", o.rect, all)
	}
	o.fancy, o.means, o.rowwise = false, false, true
	for i := range d.n {
		if err := o.layOutPlane(d, i); err != nil {
			return err
		}
	}
	up := o.planes[1].up
	o.halved = d.color == ycc && o.planes[0].up == asIs && up == o.planes[2].up && (up == fancyH || up == fancyHV) && o.rect.Min.X%2 == 0
	const margin = 2 // the triangle filter looks one chroma sample further
	w, h := d.maxH*o.size, d.maxV*o.size
	o.mcus = image.Rect(max(0, o.rect.Min.X-margin)/w, max(0, o.rect.Min.Y-margin)/h,
		min(d.mcuX, ceilDiv(o.rect.Max.X+margin, w)), min(d.mcuY, ceilDiv(o.rect.Max.Y+margin, h)))
	o.nextY = o.rect.Min.Y
	o.pend.n = 0
	o.pend.coefs = [2][64]int16{} // a block that failed half-way left some
	n := 3 * o.rect.Dx() * o.rect.Dy()
	if cap(part.Pix) < n {
		part.Pix = make([]byte, n)
	}
	part.Pix = part.Pix[:n]
	o.dst = part.Pix
	return nil
}

// layOutPlane follows libjpeg: chroma is first grown by a larger inverse DCT,
// the rest by upsampling, with the triangle filter where it exists.
func (o *output) layOutPlane(d *Decoder, i int) error {
	c, p := &d.comps[i], &o.planes[i]
	p.size = o.size
	for p.size < 8 && d.maxH*o.size%(2*c.h*p.size) == 0 && d.maxV*o.size%(2*c.v*p.size) == 0 {
		p.size *= 2
	}
	if d.maxH*o.size%(c.h*p.size) != 0 || d.maxV*o.size%(c.v*p.size) != 0 {
		return UnsupportedError(fmt.Sprintf("component %d has %dx%d of %dx%d samples", c.id, c.h, c.v, d.maxH, d.maxV))
	}
	o.means = o.means || p.size == 1
	o.rowwise = o.rowwise && p.size == 8 && c.h <= 2
	p.expandX, p.expandY = d.maxH*o.size/(c.h*p.size), d.maxV*o.size/(c.v*p.size)
	p.width = ceilDiv(d.info.Width*c.h*p.size, d.maxH*8)
	p.height = ceilDiv(d.info.Height*c.v*p.size, d.maxV*8)
	fancy := o.size > 1 && !d.Plain
	switch {
	case p.expandX == 1 && p.expandY == 1:
		p.up = asIs
	case fancy && p.expandX == 2 && p.expandY == 1 && p.width > 2:
		p.up = fancyH
	case fancy && p.expandX == 2 && p.expandY == 2 && p.width > 2:
		p.up = fancyHV
	case fancy && p.expandX == 1 && p.expandY == 2:
		p.up = fancyV
	default:
		p.up = repeated
	}
	o.fancy = o.fancy || p.up == fancyV || p.up == fancyHV
	return nil
}

// chooseColor follows libjpeg's guess (default_decompress_parms). Four
// components are inverted, as Adobe writes them, with its marker or without:
// that is what other programs take them for.
func (d *Decoder) chooseColor() {
	ids := [3]byte{d.comps[0].id, d.comps[1].id, d.comps[2].id}
	switch {
	case d.n == 1:
		d.color = gray
	case d.n == 4 && d.adobe > 0:
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
}

// allocate sizes the buffers for the image at hand.
func (d *Decoder) allocate() error {
	for i := range d.outs {
		d.outs[i].allocate(d)
	}
	if !d.buffers {
		return nil
	}
	for i := range d.n {
		c := &d.comps[i]
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

func (o *output) allocate(d *Decoder) {
	for i := range d.n {
		c, p := &d.comps[i], &o.planes[i]
		p.firstBlock, p.lastBlock, p.toEdge = o.mcus.Min.X*c.h, o.mcus.Max.X*c.h, o.mcus.Max.X == d.mcuX
		p.ringRows = 2 * c.v * p.size
		p.stride = (ringPad + (p.lastBlock-p.firstBlock)*p.size + 2*ringPad + 31) &^ 31
		p.ring = grow(p.ring, p.ringRows*p.stride)
		if p.up != asIs {
			p.wide = grow(p.wide, o.mcus.Dx()*d.maxH*o.size+4*ringPad)
		}
	}
}
