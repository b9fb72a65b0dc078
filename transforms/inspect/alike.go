package inspect

import (
	"math"
	"math/bits"

	"github.com/retort-ml/retort/io/imagefile"
)

// Print is what is left of a picture when it is encoded anew or resized: the
// brightness of 16 x 16 parts, its mean colour, and a hash of how the brightness
// goes. A crop, a mirrored or a recoloured picture has another.
type Print struct {
	hash   uint64
	parts  [grid * grid]uint8
	colour [3]uint8
	flat   bool // nothing to tell it from others by
}

const (
	grid    = 16 // parts a side
	coarse  = 8  // of the hash
	bands   = 8  // of the hash, each of 8 bits: prints that differ in 7 bits share one
	maxBits = 10 // of the hash, beyond which prints are not compared

	// Bounds of what encoding and resizing do to the parts of a picture.
	maxMean     = 3.0
	maxPart     = 16
	maxColour   = 6
	leastSpread = 4.0 // standard deviation
	leastMatch  = 0.99
)

// PrintOf makes the print of encoded bytes. They are decoded at the scale that
// will do.
func PrintOf(data []byte, maxPixels int64, into *imagefile.RGB) (Print, error) {
	info, err := imagefile.DecodeConfig(data)
	if err != nil {
		return Print{}, err
	}
	scale := 1
	for scale < 8 && min(info.Width, info.Height) >= 2*scale*2*grid {
		scale *= 2
	}
	img, err := imagefile.Decode(data, imagefile.Options{MaxPixels: maxPixels, Scale: scale, Into: into})
	if err != nil {
		return Print{}, err
	}
	return printOf(img), nil
}

// printOf averages the boxes of each part; pixels that lie in two are shared by
// their area.
func printOf(img *imagefile.RGB) (p Print) {
	var sums [3][grid * grid]float64
	x, y := shares(img.Width), shares(img.Height)
	for _, row := range y {
		line := img.Pix[3*img.Width*row.at:]
		for _, col := range x {
			weight, part := row.weight*col.weight, grid*row.part+col.part
			for c := range 3 {
				sums[c][part] += weight * float64(line[3*col.at+c])
			}
		}
	}
	var spread, mean, colour [3]float64
	for i := range p.parts {
		for c := range 3 {
			colour[c] += sums[c][i] / (grid * grid)
		}
		luma := 0.299*sums[0][i] + 0.587*sums[1][i] + 0.114*sums[2][i]
		p.parts[i] = uint8(luma + 0.5)
		mean[0] += luma / (grid * grid)
		spread[0] += luma * luma / (grid * grid)
	}
	for c := range 3 {
		p.colour[c] = uint8(colour[c] + 0.5)
	}
	p.flat = math.Sqrt(max(spread[0]-mean[0]*mean[0], 0)) < leastSpread
	p.hash = hash(&p.parts)
	return p
}

// sharing is what a pixel's row or column gives to one part.
type sharing struct {
	at, part int
	weight   float64
}

// shares shares n rows or columns out among the parts; the weights of a part sum
// to 1.
func shares(n int) []sharing {
	list := make([]sharing, 0, n+grid)
	width := float64(n) / grid
	for part := range grid {
		from, to := float64(part)*width, float64(part+1)*width
		for at := int(from); at < n && float64(at) < to; at++ {
			overlap := min(to, float64(at+1)) - max(from, float64(at))
			if overlap > 0 {
				list = append(list, sharing{at, part, overlap / width})
			}
		}
	}
	return list
}

// hash has a bit for each of 8 x 8 parts: brighter than the next to the right,
// around the edge.
func hash(parts *[grid * grid]uint8) (h uint64) {
	var small [coarse][coarse]int
	for i, v := range parts {
		small[i/grid/2][i%grid/2] += int(v)
	}
	for y := range coarse {
		for x := range coarse {
			if small[y][x] > small[y][(x+1)%coarse] {
				h |= 1 << (coarse*y + x)
			}
		}
	}
	return h
}

// Alike reports whether two prints are almost certainly of one picture.
func Alike(a, b *Print) bool {
	if a.flat || b.flat || bits.OnesCount64(a.hash^b.hash) > maxBits {
		return false
	}
	for c := range 3 {
		if distance(a.colour[c], b.colour[c]) > maxColour {
			return false
		}
	}
	var sum int
	for i, v := range a.parts {
		d := distance(v, b.parts[i])
		if sum += d; d > maxPart {
			return false
		}
	}
	return float64(sum)/(grid*grid) <= maxMean && match(a, b) >= leastMatch
}

func distance(a, b uint8) int { return max(int(a)-int(b), int(b)-int(a)) }

// match is the correlation of the parts.
func match(a, b *Print) float64 {
	var sa, sb, saa, sbb, sab float64
	for i := range a.parts {
		x, y := float64(a.parts[i]), float64(b.parts[i])
		sa, sb, saa, sbb, sab = sa+x, sb+y, saa+x*x, sbb+y*y, sab+x*y
	}
	const n = grid * grid
	return (sab - sa*sb/n) / math.Sqrt(max((saa-sa*sa/n)*(sbb-sb*sb/n), 1e-9))
}

// Prints are many prints, to be looked up by likeness.
type Prints struct {
	list    []Print
	names   []string
	buckets [bands][256][]int32
}

// Add adds a print under a name.
func (p *Prints) Add(name string, one Print) {
	at := int32(len(p.list))
	p.list, p.names = append(p.list, one), append(p.names, name)
	if one.flat {
		return
	}
	for b := range bands {
		key := uint8(one.hash >> (8 * b))
		p.buckets[b][key] = append(p.buckets[b][key], at)
	}
}

// Find is the name of a print that is alike, the first that was added.
func (p *Prints) Find(one *Print) (string, bool) {
	if one.flat {
		return "", false
	}
	best := int32(-1)
	for b := range bands {
		for _, at := range p.buckets[b][uint8(one.hash>>(8*b))] {
			if best >= 0 && at >= best {
				break // they are in order
			}
			if Alike(one, &p.list[at]) {
				best = at
				break
			}
		}
	}
	if best < 0 {
		return "", false
	}
	return p.names[best], true
}

// Len is how many prints there are.
func (p *Prints) Len() int { return len(p.list) }
