package augment

// ringBytes is how much memory the resized rows of the source get: half of a
// first-level cache.
const ringBytes = 24 << 10

// source is the crop that a view is made of.
type source struct {
	pix   []uint8 // its rows begin pitch bytes apart
	pitch int
	rows  int
}

func (v *Renderer) resize(filter Filter, width, height int, img Image, r Recipe) {
	columns, rows := extentOf(r.Crop.X, r.Crop.W, img.scale()), extentOf(r.Crop.Y, r.Crop.H, img.scale())
	v.across.set(filter, columns, width, r.Flip, 1.0/255)
	v.across.setPixels()
	v.down.set(filter, rows, height, false, 1)
	left, top := columns.first-img.X/img.scale(), rows.first-img.Y/img.scale()
	src := source{pix: img.Pix[3*(top*img.Width+left):], pitch: 3 * img.Width, rows: rows.n}

	stride := roundUp(width)
	slots := slotsOf(rows.n, height, stride)
	v.ring = grow(v.ring, 3*slots*stride)
	start := v.down.start[:height]
	for y, made := 0, 0; y < height; {
		// As many rows of the source as there is room for, and the rows of the
		// view that need no others.
		first := int(start[y])
		reach := min(first+slots, rows.n)
		v.resizeRows(&src, max(made, first), reach, slots, stride)
		made = reach
		end := y + 1
		for end < height && int(start[end])+4 <= max(reach, 4) {
			end++
		}
		v.weighView(y, end-y, width, stride, slots-1)
		y = end
	}
}

// slotsOf is how many rows of the source the ring keeps: a power of two, 4 or more,
// and 4 where most rows of the source are in no window of taps.
func slotsOf(rows, height, stride int) int {
	slots := 4
	for rows < 3*height && slots < rows && 2*slots*3*stride*4 <= ringBytes {
		slots *= 2
	}
	return slots
}

// resizeRows resizes rows y to end of the source to the view's width; row y goes to
// slot y modulo slots, a power of two, of the ring.
func (v *Renderer) resizeRows(src *source, y, end, slots, stride int) {
	// The kernels read past the last pixel.
	span := v.across.pixels.span
	safe := 0
	if len(src.pix) >= span {
		safe = (len(src.pix)-span)/src.pitch + 1
	}
	for y < end {
		slot := y & (slots - 1)
		dst := v.ring[3*slot*stride:]
		n := min(end-y, slots-slot, safe-y)
		if n > 0 {
			v.across.rows(dst, stride, src.pix[y*src.pitch:], src.pitch, n)
			y += n
			continue
		}
		if cap(v.pixels) < span {
			v.pixels = make([]uint8, span)
		}
		copy(v.pixels[:span], src.pix[y*src.pitch:])
		v.across.rows(dst, stride, v.pixels[:span], 0, 1)
		y++
	}
	// A window of four rows, of a source of fewer: those that are not there have no
	// weight.
	for ; y < 4; y++ {
		copy(v.ring[3*y*stride:][:3*stride], v.ring[3*(src.rows-1)*stride:])
	}
}
