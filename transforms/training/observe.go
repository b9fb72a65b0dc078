package training

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"time"

	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/tensorboard"
	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/pipelines"
)

// EventsDir is the folder, in the artifact's, with what depends on the time of
// day and on the machine: TensorBoard's event files and speed.jsonl. It is no
// part of the artifact: the manifest does not name it, and nothing reads it.
//
//	tensorboard --logdir RUN
const EventsDir = "events"

// SpeedName is the file of Speed lines in EventsDir.
const SpeedName = "speed.jsonl"

// Speed is one line of speed.jsonl: means over the steps since the line before.
type Speed struct {
	Step            int     `json:"step"`
	Time            string  `json:"time"`              // RFC 3339
	ImagesPerSecond float64 `json:"images_per_second"` // not their views
	DataWaitShare   float64 `json:"data_wait_share"`   // of the time, waiting for a batch
}

// observer tells of a training while it runs. What it cannot write it says
// once, and the training goes on: curves are in metrics.jsonl in any case.
type observer struct {
	job     *pipelines.Job
	events  *tensorboard.Writer
	speed   blob.Log
	every   time.Duration // between two flushes and lines of speed
	last    time.Time
	images  float64 // since last
	seconds float64
	waited  float64
	failed  bool
}

// observe opens the observer of a job.
func observe(job *pipelines.Job) *observer {
	o := &observer{job: job, every: 2 * time.Second, last: time.Now()}
	var err error
	events := job.Folder(EventsDir)
	if o.events, err = tensorboard.Create(events); err != nil {
		o.fail(err)
		return o
	}
	o.speed, err = events.Append(SpeedName, math.MaxInt64)
	o.fail(err)
	return o
}

// fail says what went wrong, the first time.
func (o *observer) fail(err error) {
	if err != nil && !o.failed {
		o.failed = true
		o.job.Message(fmt.Sprintf("no TensorBoard events from here on: %v", err))
	}
}

// step reports the figures of one step.
func (o *observer) step(step int, figures map[string]float64) {
	for name, value := range figures {
		o.scalar(step, name, value)
	}
}

// took reports how long a step of n images took.
func (o *observer) took(m train.Metrics, n int) {
	if m.ImagesPerSecond > 0 {
		took := float64(n) / m.ImagesPerSecond
		o.images, o.seconds, o.waited = o.images+float64(n), o.seconds+took, o.waited+took*m.DataWaitShare
	}
	if time.Since(o.last) >= o.every {
		o.flush(m.Step)
	}
}

// scalars are the figures of a step by the names that people read.
func scalars(m train.Metrics) map[string]float64 {
	figures := map[string]float64{"loss": m.Loss, "learning_rate": m.LearningRate}
	maps.Copy(figures, m.Figures)
	if m.ProbeLoss != 0 { // the batch has labels
		figures["probe_accuracy"] = m.ProbeAccuracy
	}
	return figures
}

// scalarsOf are those of the figures that do not come from labels.
func scalarsOf(figures map[string]float64) map[string]float64 {
	own := maps.Clone(figures)
	delete(own, "probe_accuracy")
	delete(own, knnMetric)
	return own
}

func (o *observer) scalar(step int, name string, value float64) {
	if o.events != nil {
		o.events.Scalar(int64(step), name, value)
	}
}

// flush makes what was reported visible.
func (o *observer) flush(step int) {
	o.last = time.Now()
	if o.seconds > 0 {
		s := Speed{Step: step, Time: o.last.UTC().Format(time.RFC3339), ImagesPerSecond: o.images / o.seconds, DataWaitShare: o.waited / o.seconds}
		o.images, o.seconds, o.waited = 0, 0, 0
		o.scalar(step, "images_per_second", s.ImagesPerSecond)
		o.scalar(step, "data_wait_share", s.DataWaitShare)
		o.line(s)
	}
	if o.events != nil {
		o.fail(o.events.Flush())
	}
}

func (o *observer) line(s Speed) {
	if o.speed == nil {
		return
	}
	data, err := json.Marshal(s)
	if err == nil {
		_, err = o.speed.Write(append(data, '\n'))
	}
	o.fail(err)
}

// close ends the reports.
func (o *observer) close(step int) {
	o.flush(step)
	if o.events != nil {
		o.fail(o.events.Close())
	}
	if o.speed != nil {
		o.fail(o.speed.Close())
	}
}
