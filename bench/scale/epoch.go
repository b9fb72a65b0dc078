package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/views"
)

// epoch is what the reading of an epoch came to, as the process that did it says it.
type epoch struct {
	Images  int64
	Seconds float64
}

// readEpoch reads one epoch of the views in dir, as a training would, and writes
// what that came to to the standard output.
func readEpoch(dir string) error {
	a, err := pipelines.LoadArtifact[pipelines.Views](dir)
	if err != nil {
		return err
	}
	d, err := views.Open(a)
	if err != nil {
		return err
	}
	var e epoch
	begin := time.Now()
	for item, err := range d.Stream(1, 0) {
		if err != nil {
			return err
		}
		if len(item.Views) == 0 || len(item.Views[0]) == 0 {
			return fmt.Errorf("%s: image %s has no view", dir, item.ID)
		}
		if e.Images++; e.Images == d.Images {
			break
		}
	}
	e.Seconds = time.Since(begin).Seconds()
	return json.NewEncoder(os.Stdout).Encode(e)
}
