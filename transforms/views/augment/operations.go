package augment

// The table of operations: everything that knows them all reads it. Adding one is a
// file of its own and three lines here (docs/changing.md).

// operations are done to a view in this order. Those of a recipe's first 48 bytes
// share blocks of random words, the resize and one program of colours, which Draw
// and Renderer call by name; the others are the extensions, called through the table.
var operations = append([]*operation{&cropping, &flipping, &jittering, &graying, &blurring, &solarizing}, extensions[:]...)

// The places of the extensions in a recipe's Extra, in the order in which a view
// goes through them.
const (
	posterize = iota
	cutout
	extras // how many there are
)

var extensions = [extras]*operation{posterize: &posterizing, cutout: &cuttingOut}

// Extras are the settings of the extensions, all off in the zero value and in every
// preset. Each may be a key of a user's config: see DefaultExtras and Extras.Used.
type Extras struct {
	PosterizeConfig `yaml:",inline"`
	CutoutConfig    `yaml:",inline"`
}
