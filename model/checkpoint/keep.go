package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"

	"github.com/retort-ml/retort/io/blob"
)

// Folder keeps the last checkpoints of a training and the best one.
//
//	step-000000120.safetensors   the last Keep of them
//	best.safetensors             the one whose metric was best
type Folder struct {
	Dir  blob.Dir
	Keep int // how many of the last to keep; below 1 is 1
	// Metric chooses the best ("top1"); empty keeps no best. Greater is better
	// unless Least.
	Metric string
	Least  bool
}

const bestName = "best.safetensors"

var stepName = regexp.MustCompile(`^step-(\d+)\.safetensors$`)

// Save writes a checkpoint into the folder, keeps it as the best if it is, and
// then removes what is no longer kept.
func (f Folder) Save(c *Checkpoint) error {
	if err := c.SaveIn(f.Dir, stepFile(c.Step)); err != nil {
		return fmt.Errorf("cannot keep checkpoints: %w", err)
	}
	if err := f.SaveBest(c); err != nil {
		return err
	}
	return f.prune()
}

// SaveBest keeps a checkpoint as the best, if it is, and not as one of the last.
func (f Folder) SaveBest(c *Checkpoint) error {
	better, err := f.better(c)
	if err != nil || !better {
		return err
	}
	return c.SaveIn(f.Dir, bestName)
}

// Clear removes all checkpoints of the folder.
func (f Folder) Clear() error {
	steps, err := f.Steps()
	if err != nil {
		return err
	}
	names := []string{bestName}
	for _, s := range steps {
		names = append(names, stepFile(s))
	}
	for _, name := range names {
		if err := f.Dir.Remove(name); err != nil {
			return fmt.Errorf("cannot remove an old checkpoint: %w", err)
		}
	}
	return nil
}

// better says whether the checkpoint's metric beats the best's.
func (f Folder) better(c *Checkpoint) (bool, error) {
	now, ok := c.Metrics[f.Metric]
	if f.Metric == "" || !ok {
		return false, nil
	}
	best, err := f.Best()
	if best == nil {
		var format *FormatError
		if err != nil && !errors.As(err, &format) {
			return false, err
		}
		return true, nil
	}
	if f.Least {
		return now < best.Metrics[f.Metric], nil
	}
	return now > best.Metrics[f.Metric], nil
}

func (f Folder) prune() error {
	steps, err := f.Steps()
	if err != nil {
		return err
	}
	for _, s := range steps[:max(0, len(steps)-max(1, f.Keep))] {
		if err := f.Dir.Remove(stepFile(s)); err != nil {
			return fmt.Errorf("cannot remove an old checkpoint: %w", err)
		}
	}
	return nil
}

func stepFile(step int) string { return fmt.Sprintf("step-%09d.safetensors", step) }

// Steps lists the steps that there are checkpoints of, in order.
func (f Folder) Steps() ([]int, error) {
	var steps []int
	for e, err := range f.Dir.List("step-") {
		if err != nil {
			return nil, fmt.Errorf("cannot list checkpoints: %w", err)
		}
		if m := stepName.FindStringSubmatch(e.Name); m != nil {
			if n, err := strconv.Atoi(m[1]); err == nil {
				steps = append(steps, n)
			}
		}
	}
	slices.Sort(steps)
	return steps, nil
}

// At returns the checkpoint of a step.
func (f Folder) At(step int) (*Checkpoint, error) { return LoadFrom(f.Dir, stepFile(step)) }

// Latest returns the last intact checkpoint, nil when there is none, and what
// was wrong with those that it passed over.
func (f Folder) Latest() (c *Checkpoint, damaged []error, err error) {
	steps, err := f.Steps()
	if err != nil {
		return nil, nil, err
	}
	for _, s := range slices.Backward(steps) {
		c, err := LoadFrom(f.Dir, stepFile(s))
		if err == nil {
			return c, damaged, nil
		}
		var format *FormatError
		if !errors.As(err, &format) {
			return nil, damaged, err
		}
		damaged = append(damaged, err)
	}
	return nil, damaged, nil
}

// Best returns the best checkpoint, nil when there is none.
func (f Folder) Best() (*Checkpoint, error) {
	c, err := LoadFrom(f.Dir, bestName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return c, err
}
