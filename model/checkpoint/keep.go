package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/retort-ml/retort/internal/atomicfile"
)

// Folder keeps the last checkpoints of a training and the best one.
//
//	step-000000120.safetensors   the last Keep of them
//	best.safetensors             the one whose metric was best
type Folder struct {
	Dir  string
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
	if err := f.make(); err != nil {
		return err
	}
	if err := c.Save(f.path(c.Step)); err != nil {
		return err
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
	if err := f.make(); err != nil {
		return err
	}
	return c.Save(filepath.Join(f.Dir, bestName))
}

func (f Folder) make() error {
	if err := os.MkdirAll(f.Dir, 0o755); err != nil {
		return fmt.Errorf("cannot keep checkpoints: %w", err)
	}
	return nil
}

// Clear removes all checkpoints of the folder.
func (f Folder) Clear() error {
	steps, err := f.Steps()
	if err != nil {
		return err
	}
	paths := []string{filepath.Join(f.Dir, bestName)}
	for _, s := range steps {
		paths = append(paths, f.path(s))
	}
	for _, path := range paths {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
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
		if err := os.Remove(f.path(s)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot remove an old checkpoint: %w", err)
		}
	}
	return atomicfile.SyncDir(f.Dir)
}

func (f Folder) path(step int) string {
	return filepath.Join(f.Dir, fmt.Sprintf("step-%09d.safetensors", step))
}

// Steps lists the steps that there are checkpoints of, in order.
func (f Folder) Steps() ([]int, error) {
	entries, err := os.ReadDir(f.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot list checkpoints: %w", err)
	}
	var steps []int
	for _, e := range entries {
		if m := stepName.FindStringSubmatch(e.Name()); m != nil {
			if n, err := strconv.Atoi(m[1]); err == nil {
				steps = append(steps, n)
			}
		}
	}
	slices.Sort(steps)
	return steps, nil
}

// At returns the checkpoint of a step.
func (f Folder) At(step int) (*Checkpoint, error) { return Load(f.path(step)) }

// Latest returns the last intact checkpoint, nil when there is none, and what
// was wrong with those that it passed over.
func (f Folder) Latest() (c *Checkpoint, damaged []error, err error) {
	steps, err := f.Steps()
	if err != nil {
		return nil, nil, err
	}
	for _, s := range slices.Backward(steps) {
		c, err := Load(f.path(s))
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
	c, err := Load(filepath.Join(f.Dir, bestName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return c, err
}
