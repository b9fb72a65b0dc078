package split

import (
	"cmp"
	"context"
	"math"

	"github.com/retort-ml/retort/pipelines"
)

// Estimate says how many images the parts will have.
func (s *ByLabel) Estimate(_ context.Context, known pipelines.Known) pipelines.Estimate {
	n := known.In()
	test, train, labelled := known.Images(s.Test), n, known.Count("labelled")
	if s.Test.IsZero() {
		test = int64(math.Round(s.TestFraction * float64(labelled)))
		train, labelled = train-test, labelled-test
	}
	switch {
	case s.PerClass > 0:
		classes := cmp.Or(known.Count("classes"), someClasses)
		labelled = min(labelled, int64(s.PerClass)*classes)
	case s.Fraction > 0:
		labelled = int64(math.Round(s.Fraction * float64(train)))
	}
	aside := int64(math.Round(s.Validation * float64(labelled)))
	return pipelines.Estimate{Images: n, Bytes: 2 * entryBytes * n, Ports: map[string]int64{
		labelledPort: labelled - aside, unlabelledPort: train - labelled, trainPort: train, testPort: test, validationPort: aside}}
}

// someClasses stands in for the number of classes before the images are known.
const someClasses = 10

// entryBytes is about the size of a reference in an index.
const entryBytes = 220

// Reads is the list of ids, where there is one.
func (s *ByLabel) Reads() []string {
	if s.IDs == "" {
		return nil
	}
	return []string{s.IDs}
}
