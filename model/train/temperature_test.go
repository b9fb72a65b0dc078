package train

import (
	"testing"

	"github.com/retort-ml/retort/model/checkpoint"
)

func TestTemperatureOfACheckpoint(t *testing.T) {
	c := &checkpoint.Checkpoint{}
	if got, err := Temperature(c); got != 1 || err != nil {
		t.Errorf("none: %v, %v", got, err)
	}
	for text, want := range map[string]float64{"1.75": 1.75, "20": 20, "": 0, "0": 0, "-1": 0, "NaN": 0, "+Inf": 0, "warm": 0} {
		c.Meta = map[string]string{TemperatureKey: text}
		if got, err := Temperature(c); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}
