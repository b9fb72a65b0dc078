package training

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/pipelines"
)

// Point is one line of metrics.jsonl: the figures of a step that depend on
// nothing but the training. The objective's are keys of their own, sorted,
// between loss and learning_rate.
type Point struct {
	Step         int
	Loss         float64
	Figures      map[string]float64 // the objective's, by name
	LearningRate float64
}

// MarshalJSON writes the line.
func (p Point) MarshalJSON() ([]byte, error) {
	figures, err := json.Marshal(p.Figures)
	if err != nil {
		return nil, err
	}
	head, err := json.Marshal(struct {
		Step int     `json:"step"`
		Loss float64 `json:"loss"`
	}{p.Step, p.Loss})
	if err != nil {
		return nil, err
	}
	tail, err := json.Marshal(struct {
		LearningRate float64 `json:"learning_rate"`
	}{p.LearningRate})
	if err != nil {
		return nil, err
	}
	line := head[:len(head)-1]
	if len(p.Figures) > 0 {
		line = append(append(line, ','), figures[1:len(figures)-1]...)
	}
	return append(append(line, ','), tail[1:]...), nil
}

// UnmarshalJSON reads the line.
func (p *Point) UnmarshalJSON(line []byte) error {
	var all map[string]float64
	if err := json.Unmarshal(line, &all); err != nil {
		return err
	}
	*p = Point{Step: int(all["step"]), Loss: all["loss"], LearningRate: all["learning_rate"], Figures: all}
	for _, name := range []string{"step", "loss", "learning_rate"} {
		delete(all, name)
	}
	return nil
}

// ProbePoint is one line of probe.jsonl: what labels tell of a step of a
// pretraining that does not know them.
type ProbePoint struct {
	Step int `json:"step"`
	// ProbeAccuracy is the online linear probe's, over the batch's labelled
	// images; absent where there are none. KNNAccuracy is given at a few steps.
	ProbeAccuracy *float64 `json:"probe_accuracy,omitempty"`
	KNNAccuracy   float64  `json:"knn_accuracy,omitempty"`
}

// curves appends points to a file that a resumed training goes on with.
type curves struct {
	dir  blob.Dir
	name string
	f    blob.Log
	w    *bufio.Writer
}

// openCurves opens a file, cut to the points before step. cause says why it does
// not hold them; err is trouble with the disk.
func openCurves(dir blob.Dir, name string, step int) (c *curves, cause, err error) {
	old, err := dir.ReadFile(name)
	if err != nil && !blob.IsAbsent(err) {
		return nil, nil, err
	}
	keep, cause := pointsBefore(old, step)
	if cause != nil {
		return nil, fmt.Errorf("%s %w", dir.At(name), cause), nil
	}
	f, err := dir.Append(name, int64(keep))
	if err != nil {
		return nil, nil, err
	}
	return &curves{dir: dir, name: name, f: f, w: bufio.NewWriter(f)}, nil, nil
}

// read is what the file holds, remove deletes it.
func (c *curves) read() ([]byte, error) { return c.dir.ReadFile(c.name) }
func (c *curves) remove() error         { return errors.Join(c.Close(), c.dir.Remove(c.name)) }

// pointsBefore is the length of the points of the steps before step.
func pointsBefore(data []byte, step int) (keep int, cause error) {
	for i := range step {
		end := bytes.IndexByte(data[keep:], '\n')
		var p Point
		if end < 0 || json.Unmarshal(data[keep:keep+end], &p) != nil || p.Step != i {
			return 0, fmt.Errorf("does not hold the figures of step %d", i)
		}
		keep += end + 1
	}
	return keep, nil
}

func point(m train.Metrics) Point {
	return Point{Step: m.Step, Loss: m.Loss, Figures: m.Figures, LearningRate: m.LearningRate}
}

func probePoint(m train.Metrics, knn float64) ProbePoint {
	p := ProbePoint{Step: m.Step, KNNAccuracy: knn}
	if m.ProbeLoss > 0 { // the batch has labels; that none was found is an accuracy, too
		p.ProbeAccuracy = &m.ProbeAccuracy
	}
	return p
}

func (c *curves) add(p any) error {
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	_, err = c.w.Write(append(data, '\n'))
	return err
}

// flush makes the points durable: a checkpoint never knows of a step whose
// point is lost.
func (c *curves) flush() error {
	if err := c.w.Flush(); err != nil {
		return err
	}
	return c.f.Sync()
}

// Close closes the file, once.
func (c *curves) Close() error {
	f := c.f
	if c.f = nil; f == nil {
		return nil
	}
	return f.Close()
}

// ReadCurves reads the metrics.jsonl of a trained network's artifact.
func ReadCurves[T any](a pipelines.Artifact[T]) ([]Point, error) {
	data, err := a.ReadFile(CurvesName)
	if err != nil {
		return nil, err
	}
	return readLines[Point](a.At(CurvesName), data)
}

// ReadProbe reads the probe.jsonl beside a trained network's artifact; none is no
// error.
func ReadProbe[T any](a pipelines.Artifact[T]) ([]ProbePoint, error) {
	data, err := a.ReadFile(ProbeName)
	if blob.IsAbsent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return readLines[ProbePoint](a.At(ProbeName), data)
}

func readLines[P any](path string, data []byte) ([]P, error) {
	var points []P
	for i, line := range bytes.Split(bytes.TrimSpace(data), []byte("\n")) {
		var p P
		if err := json.Unmarshal(line, &p); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, i+1, err)
		}
		points = append(points, p)
	}
	return points, nil
}
