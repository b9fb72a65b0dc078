package simclrv2

import (
	"slices"
	"testing"

	"github.com/retort-ml/retort/model/backend"
)

// What the teacher labels in makes other targets and what is learnt from them, and
// leaves everything else as it is; f32 is what there always was.
func TestLabelPrecision(t *testing.T) {
	c := source(t)
	want := fingerprints(t, build(t, c))
	for _, precision := range []string{backend.F32, backend.INT8} {
		c.Distill.LabelPrecision = precision
		got := fingerprints(t, build(t, c))
		for _, name := range stages {
			changes := precision != backend.F32 && slices.Contains([]string{"label", "distill", "evaluate", "report"}, name)
			if name == "report" || changes == (got[name] != want[name]) { // a report holds the whole config
				continue
			}
			t.Errorf("%s: %s: it has another fingerprint: %v", precision, name, !changes)
		}
	}
}
