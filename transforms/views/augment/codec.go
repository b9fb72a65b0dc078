package augment

import (
	"encoding/binary"
	"fmt"
	"math"
)

// RecipeBytes is the length of a marshalled recipe without an extension.
const RecipeBytes = 48

// The versions of a marshalled recipe. A version is read for ever (testdata/replay-*).
const (
	recipeVersion   = 1
	extendedVersion = 2 // an extension follows the first RecipeBytes bytes

	// RecipeVersion is the newest version that is written and read.
	RecipeVersion = extendedVersion
)

// The flag bits of a marshalled recipe.
const (
	flagFlip = 1 << iota
	flagJitter
	flagGray
	flagSolarize
	flagAdd  // the jitter's brightness is an offset
	flagsAll = 1<<iota - 1
)

// MarshalBinary gives the recipe in bytes, all little-endian:
//
//	0   uint8    version: 1, or 2 where an extension is applied
//	1   uint8    flags: 1 flip, 2 jitter, 4 gray, 8 solarize, 16 additive brightness
//	2   uint8    the jitter's order, two bits an operation, the first lowest
//	3   uint8    how many extensions are applied
//	4   uint32   source width, source height, crop x, y, width, height
//	28  float32  brightness, contrast, saturation, hue, sigma
//	48           for each extension, by rising tags: uint8 tag, uint8 n, n float32
//
// Recipes that apply no extension are RecipeBytes long, and the same to the byte as
// before there were any.
//
// The error is nil.
func (r Recipe) MarshalBinary() ([]byte, error) {
	return r.AppendBinary(make([]byte, 0, RecipeBytes))
}

// AppendBinary appends what MarshalBinary gives. The error is nil.
func (r Recipe) AppendBinary(to []byte) ([]byte, error) {
	version, extended := byte(recipeVersion), r.extended()
	if extended > 0 {
		version = extendedVersion
	}
	to = append(to, version, r.flags(), r.Jitter.packedOrder(), extended)
	for _, n := range r.sizes() {
		to = binary.LittleEndian.AppendUint32(to, uint32(*n))
	}
	for _, x := range r.numbers() {
		to = binary.LittleEndian.AppendUint32(to, math.Float32bits(*x))
	}
	return r.appendExtension(to), nil
}

// UnmarshalBinary reads what MarshalBinary of this or an older program wrote. Anything else, a recipe that
// cannot be rendered included, is an error, and r is then left as it was.
func (r *Recipe) UnmarshalBinary(data []byte) error {
	if err := checkHead(data); err != nil {
		return err
	}
	var out Recipe
	out.setFlags(data[1], data[2])
	for i, n := range out.sizes() {
		*n = int(binary.LittleEndian.Uint32(data[4+4*i:]))
	}
	for i, x := range out.numbers() {
		*x = math.Float32frombits(binary.LittleEndian.Uint32(data[28+4*i:]))
	}
	if err := out.parseExtension(data[RecipeBytes:], int(data[3])); err != nil {
		return err
	}
	if err := out.check(); err != nil {
		return err
	}
	*r = out
	return nil
}

// checkHead says what keeps data from being a recipe that can be read, but for the
// values in it.
func checkHead(data []byte) error {
	if len(data) > 0 && (data[0] < recipeVersion || data[0] > extendedVersion) {
		return fmt.Errorf("views: recipe of version %d; this program reads versions %d to %d", data[0], recipeVersion, extendedVersion)
	}
	if len(data) < RecipeBytes || data[0] == recipeVersion && len(data) > RecipeBytes {
		return fmt.Errorf("views: recipe of %d bytes; want %d", len(data), RecipeBytes)
	}
	if data[1] > flagsAll || (data[3] != 0) != (data[0] == extendedVersion) {
		return fmt.Errorf("views: recipe: reserved bits are set (% x)", data[:4])
	}
	return nil
}

func (r *Recipe) sizes() [6]*int {
	return [6]*int{&r.Width, &r.Height, &r.Crop.X, &r.Crop.Y, &r.Crop.W, &r.Crop.H}
}

func (r *Recipe) numbers() [5]*float32 {
	j := &r.Jitter
	return [5]*float32{&j.Brightness, &j.Contrast, &j.Saturation, &j.Hue, &r.Sigma}
}

func (r *Recipe) flags() (f byte) {
	for i, on := range [...]bool{r.Flip, r.Jitter.On, r.Gray, r.Solarize, r.Jitter.Mode == Add} {
		if on {
			f |= 1 << i
		}
	}
	return f
}

func (r *Recipe) setFlags(f, order byte) {
	r.Flip, r.Gray, r.Solarize = f&flagFlip != 0, f&flagGray != 0, f&flagSolarize != 0
	if f&flagJitter == 0 {
		return
	}
	r.Jitter.On, r.Jitter.Mode = true, Multiply
	if f&flagAdd != 0 {
		r.Jitter.Mode = Add
	}
	for i := range r.Jitter.Order {
		r.Jitter.Order[i] = Op(order >> (2 * i) & 3)
	}
}

func (j *Jitter) packedOrder() (order byte) {
	for i, op := range j.Order {
		order |= byte(op&3) << (2 * i)
	}
	return order
}

// The positions of Floats.
const (
	FloatWidth      = iota // source width
	FloatHeight            // source height
	FloatCropX             // in full-size pixels
	FloatCropY             //
	FloatCropW             //
	FloatCropH             //
	FloatFlip              // 0 or 1
	FloatJitter            // 0 or 1
	FloatOrder             // four positions: 0 brightness, 1 contrast, 2 saturation, 3 hue, first applied first
	_                      //
	_                      //
	_                      //
	FloatAdd               // 1: brightness is an offset
	FloatBrightness        // factor or offset
	FloatContrast          // factor
	FloatSaturation        // factor
	FloatHue               // in full turns
	FloatGray              // 0 or 1
	FloatSigma             // of the blur in pixels, 0 = none
	FloatSolarize          // 0 or 1
	NumFloats              // how many there are
)

// Floats gives the recipe as the numbers of a view/recipe feature; the Float
// constants name the positions of the first NumFloats. After them stand, for each
// extension that is applied, its tag and its numbers. Sides up to 2^24 pixels are exact.
func (r Recipe) Floats() []float32 {
	var applied Room
	for i := range r.Extra {
		if r.Extra[i] != (Numbers{}) {
			applied |= 1 << i
		}
	}
	return r.AppendFloats(nil, applied)
}

// AppendFloats appends what Floats gives, with room for extensions whether they are
// applied or not: as many numbers for every recipe.
func (r Recipe) AppendFloats(to []float32, room Room) []float32 {
	var f [NumFloats]float32
	for i, n := range r.sizes() {
		f[FloatWidth+i] = float32(*n)
	}
	f[FloatFlip], f[FloatJitter], f[FloatAdd] = bit(r.Flip), bit(r.Jitter.On), bit(r.Jitter.Mode == Add)
	f[FloatGray], f[FloatSolarize] = bit(r.Gray), bit(r.Solarize)
	for i, op := range r.Jitter.Order {
		f[FloatOrder+i] = float32(op)
	}
	for i, x := range r.numbers() {
		f[floatNumbers[i]] = *x
	}
	to = append(to, f[:]...)
	if room == 0 {
		return to
	}
	return r.appendRoom(to, room)
}

func bit(on bool) float32 {
	if on {
		return 1
	}
	return 0
}

// floatNumbers are the positions of Recipe.numbers.
var floatNumbers = [5]int{FloatBrightness, FloatContrast, FloatSaturation, FloatHue, FloatSigma}

// ParseFloats reads what Floats gave; anything else, a recipe that cannot be
// rendered included, is an error.
func ParseFloats(f []float32) (Recipe, error) {
	var r Recipe
	if len(f) < NumFloats {
		return r, fmt.Errorf("views: recipe of %d numbers; want %d or more", len(f), NumFloats)
	}
	var flags, order byte
	for i, at := range [...]int{FloatFlip, FloatJitter, FloatGray, FloatSolarize, FloatAdd} {
		if f[at] != 0 && f[at] != 1 {
			return r, fmt.Errorf("views: recipe: number %d = %v; want 0 or 1", at, f[at])
		}
		flags |= byte(f[at]) << i
	}
	for i := range 4 {
		op := f[FloatOrder+i]
		if op != 0 && op != 1 && op != 2 && op != 3 {
			return r, fmt.Errorf("views: recipe: number %d = %v; want 0, 1, 2 or 3", FloatOrder+i, op)
		}
		order |= byte(op) << (2 * i)
	}
	r.setFlags(flags, order)
	for i, n := range r.sizes() {
		x := f[FloatWidth+i]
		if !(x >= 0 && x <= 1<<24) || x != float32(int(x)) {
			return Recipe{}, fmt.Errorf("views: recipe: number %d = %v; want a whole number in 0..2^24", FloatWidth+i, x)
		}
		*n = int(x)
	}
	for i, x := range r.numbers() {
		*x = f[floatNumbers[i]]
	}
	if err := r.parseRoom(f[NumFloats:]); err != nil {
		return Recipe{}, err
	}
	if err := r.check(); err != nil {
		return Recipe{}, err
	}
	return r, nil
}
