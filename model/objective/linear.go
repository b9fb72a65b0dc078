package objective

// Linear is cross entropy with labels; the supervised head alone is trained, on
// a frozen network.
const Linear Name = "linear"

func init() { Register(string(Linear), func() Objective { return &linear{} }) }

type linear struct{ supervised }

func (*linear) Needs() Needs { return Needs{Classifier: true, HeadOnly: true, Labels: true} }
