package imagefile

import "slices"

// What TIFF calls the meaning of samples.
const (
	whiteIsZero, blackIsZero, rgbSamples, paletteSamples, cmykSamples, ycbcrSamples = 0, 1, 2, 3, 5, 6
)

// tiffFile is how the pixels of a TIFF lie.
type tiffFile struct {
	*tiffDir
	width, height  int
	photometric    uint64
	compression    uint64
	bits, samples  int // bits of each sample, samples of a pixel
	colours        int // samples that are colour
	alpha          int // the kind of extra sample behind them: 0 none, 1 multiplied into the colours, 2 apart
	planar         bool
	predictor      uint64
	reversed       bool // bits of a byte
	chunkW, chunkH int  // strips or tiles
	across, down   int  // how many of them
	tiled          bool
	offsets, sizes []uint64
	subX, subY     int // of chroma, of YCbCr that is not JPEG
	palette        []uint64
}

func tiffHeader(data []byte, h *header) error {
	t, err := scanTIFF(data)
	if err != nil {
		return err
	}
	h.width, h.height, h.orientation = t.width, t.height, t.orientation()
	if t.compression == tiffRaw {
		return plausible(*h, data, int64(h.height-1)*int64(t.rowBytes(h.width))*int64(t.planes()))
	}
	return nil
}

func scanTIFF(data []byte) (*tiffFile, error) {
	d, err := readTIFF(data)
	if err != nil {
		return nil, err
	}
	t := &tiffFile{tiffDir: d}
	if _, dng := d.entries[tagDNG]; dng || d.number(tagSubfile, 0)&1 != 0 && d.entries[tagSubIFDs].value != nil {
		return nil, unknown(foreign("camera-raw"), data)
	}
	width, height := d.number(tagWidth, 0), d.number(tagHeight, 0)
	if width == 0 || height == 0 || width > 1<<24 || height > 1<<24 {
		return nil, reject(Corrupt, "tiff: %d x %d pixels", width, height)
	}
	t.width, t.height = int(width), int(height)
	t.compression = d.number(tagCompression, tiffRaw)
	t.photometric = d.number(tagPhotometric, whiteIsZero)
	if t.compression == tiffOldJPEG {
		t.photometric = ycbcrSamples
	}
	t.planar = d.number(tagPlanar, 1) == 2
	if t.predictor = 1; slices.Contains([]uint64{tiffLZW, tiffDeflate, tiffOldDeflate, tiffLZMA, tiffZstd}, t.compression) {
		t.predictor = d.number(tagPredictor, 1)
	}
	t.reversed = d.number(tagFillOrder, 1) == 2
	if err := t.layout(); err != nil {
		return nil, err
	}
	return t, t.chunks()
}

func (t *tiffFile) unsupported(format string, args ...any) error {
	return reject(Unsupported, "tiff: "+format+"; convert it (%s)", append(args, "magick a.tif a.png")...)
}

// layout finds how many samples there are, of how many bits, and which of them
// are colours and alpha.
func (t *tiffFile) layout() error {
	switch t.photometric {
	case whiteIsZero, blackIsZero, paletteSamples:
		t.colours = 1
	case rgbSamples, ycbcrSamples:
		t.colours = 3
	case cmykSamples:
		t.colours = 4
	default:
		return t.unsupported("photometric interpretation %d", t.photometric)
	}
	otherwise := uint64(1)
	if t.compression == tiffOldJPEG {
		otherwise = 3
	}
	samples, bits := t.number(tagSamples, otherwise), t.numbers(tagBits)
	if samples == 1 && t.photometric == ycbcrSamples {
		t.colours, t.photometric = 1, blackIsZero
	}
	if samples < uint64(t.colours) || samples > 16 {
		return reject(Corrupt, "tiff: %d samples a pixel", samples)
	}
	if t.samples, t.bits = int(samples), 1; len(bits) > 0 {
		bits = bits[:min(len(bits), t.samples)]
		if t.bits = int(min(bits[0], 64)); slices.Max(bits) != bits[0] || slices.Min(bits) != bits[0] {
			return t.unsupported("samples of different sizes")
		}
	}
	if format := t.number(tagSampleFormat, 1); format != 1 && !(format == 2 && t.bits == 8) && format != 4 {
		return t.unsupported("samples that are no whole numbers from 0 on")
	}
	if t.bits == 8 || t.bits == 16 && t.photometric != paletteSamples || t.colours == 1 && t.samples == 1 && (t.bits == 1 || t.bits == 2 || t.bits == 4) {
		return t.extra()
	}
	return t.unsupported("samples of %d bits", t.bits)
}

// extra finds whether the samples behind the colours are alpha. A fourth of RGB
// that nothing is said of is, as in Pillow.
func (t *tiffFile) extra() error {
	kinds := t.numbers(tagExtra)
	switch {
	case t.samples == t.colours:
	case len(kinds) == 0 && !(t.photometric == rgbSamples && t.samples == 4):
		return reject(Corrupt, "tiff: %d samples a pixel, and no word of what they are", t.samples)
	case len(kinds) > 0 && (kinds[0] == 1 || kinds[0] == 2):
		t.alpha = int(kinds[0])
	case len(kinds) == 0 || kinds[0] == 999:
		t.alpha = 2
	}
	if t.photometric == cmykSamples {
		t.alpha = 0
	}
	return nil
}

// planes is how many planes the samples lie in.
func (t *tiffFile) planes() int {
	if t.planar {
		return t.samples
	}
	return 1
}

// rowBytes is the bytes of a row of so many pixels in a chunk.
func (t *tiffFile) rowBytes(width int) int {
	return (width*(t.samples/t.planes())*t.bits + 7) / 8
}

// chunks finds the strips or tiles.
func (t *tiffFile) chunks() error {
	t.subX, t.subY = 1, 1
	if s := t.numbers(tagSubsampling); t.photometric == ycbcrSamples && t.compression != tiffJPEG && t.compression != tiffOldJPEG {
		t.subX, t.subY = 2, 2
		if len(s) >= 2 {
			t.subX, t.subY = int(min(s[0], 9)), int(min(s[1], 9))
		}
		if t.bits != 8 || t.samples != 3 || !slices.Contains([]int{1, 2, 4}, t.subX) || !slices.Contains([]int{1, 2, 4}, t.subY) {
			return t.unsupported("YCbCr sampled %d x %d", t.subX, t.subY)
		}
	}
	if t.compression == tiffOldJPEG {
		return nil
	}
	if t.offsets = t.numbers(tagStripOffsets); t.offsets != nil {
		t.sizes = t.numbers(tagStripSizes)
		t.chunkW, t.chunkH = t.width, int(min(t.number(tagRowsPerStrip, uint64(t.height)), uint64(t.height)))
	} else {
		t.tiled, t.offsets, t.sizes = true, t.numbers(tagTileOffsets), t.numbers(tagTileSizes)
		t.chunkW, t.chunkH = int(min(t.number(tagTileWidth, 0), 1<<20)), int(min(t.number(tagTileHeight, 0), 1<<20))
	}
	if t.chunkW <= 0 || t.chunkH <= 0 {
		return reject(Corrupt, "tiff: no strips or tiles")
	}
	t.across, t.down = ceilDiv(t.width, t.chunkW), ceilDiv(t.height, t.chunkH)
	n := int64(t.across) * int64(t.down) * int64(t.planes())
	if int64(len(t.offsets)) < n {
		return reject(Truncated, "tiff: %d of %d strips or tiles", len(t.offsets), n)
	}
	// All may lie at one place: what they unpack to is bounded by the image.
	row := int64(t.rowBytes(t.chunkW))
	if most := max(1<<26, 4*int64(t.rowBytes(t.width))*int64(t.height)*int64(t.planes())); row > most || row*int64(t.chunkH) > most/n {
		return reject(Corrupt, "tiff: %d tiles of %d x %d pixels", n, t.chunkW, t.chunkH)
	}
	if t.photometric == paletteSamples {
		if t.palette = t.numbers(tagColours); len(t.palette) < 3<<t.bits {
			return reject(Corrupt, "tiff: a colour table of %d numbers for %d bits", len(t.palette), t.bits)
		}
	}
	return nil
}
