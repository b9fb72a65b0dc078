package augment

// level is the instruction set that the kernels use.
type level uint8

const (
	portable level = iota
	avx2
	avx512
)

// instructions is the best of this machine. Tests set it to try the others;
// every level gives the same bytes.
var instructions = detect()

// String is the level's name.
func (l level) String() string { return [...]string{"portable", "avx2", "avx512"}[l] }

// Instructions names the instruction set that views are rendered with on this
// machine: "avx512", "avx2" or "portable". All give the same bytes.
func Instructions() string { return instructions.String() }
