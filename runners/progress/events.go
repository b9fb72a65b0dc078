package progress

import (
	"encoding/json"
	"io"
	"math"
	"sync"
	"time"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/pipelines"
)

// Events reports one JSON object per line. Its kinds ("event"): plan, start,
// progress, metric, message, finish, and at the end done or failed.
type Events struct {
	mu      sync.Mutex
	out     *json.Encoder
	started map[string]time.Time
	told    map[string]time.Time
}

// JSON makes an Events that writes to w.
func JSON(w io.Writer) *Events {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	return &Events{out: out, started: map[string]time.Time{}, told: map[string]time.Time{}}
}

func (e *Events) write(v any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	_ = e.out.Encode(v) // the run goes on; stdio.Finish tells at its end what was lost
}

type planned struct {
	Name        string   `json:"name"`
	Kind        string   `json:"kind"`
	State       string   `json:"state"` // run, keep
	Why         string   `json:"why,omitempty"`
	Inputs      []string `json:"inputs,omitempty"`
	Fingerprint string   `json:"fingerprint"`
	Images      int64    `json:"images,omitempty"`
	Views       int64    `json:"views,omitempty"`
	Bytes       int64    `json:"bytes,omitempty"`
	Steps       int64    `json:"steps,omitempty"`
	AtMost      bool     `json:"at_most,omitempty"` // steps and hours: it may stop early
	CPUHours    float64  `json:"cpu_hours,omitempty"`
	GPUHours    float64  `json:"gpu_hours,omitempty"`
}

// Job is one of a plan. Of the last four one without prices has none.
type Job struct {
	Stages       []string        `json:"stages"`
	Wants        pipelines.Wants `json:"wants"`
	Machines     string          `json:"machines"`
	Accelerated  bool            `json:"accelerated,omitempty"`
	CPUHours     float64         `json:"cpu_hours,omitempty"`
	GPUHours     float64         `json:"gpu_hours,omitempty"`
	Bytes        int64           `json:"bytes,omitempty"`
	MachineHours float64         `json:"machine_hours,omitempty"`
	Cost         float64         `json:"cost,omitempty"`       // of machines and of writing
	Month        float64         `json:"month_cost,omitempty"` // of what it leaves
	Currency     string          `json:"currency,omitempty"`
}

// Planned writes {"event":"plan","stages":[…]}.
func (e *Events) Planned(steps []pipelines.Step) { e.PlannedJobs(steps, nil) }

// PlannedJobs is Planned with "jobs":[…], where there are any.
func (e *Events) PlannedJobs(steps []pipelines.Step, jobs []Job) {
	list := make([]planned, len(steps))
	for i, s := range steps {
		list[i] = planned{
			Name: s.Name, Kind: s.Kind, State: "run", Why: s.Why, Inputs: s.Inputs, Fingerprint: s.Fingerprint,
			Images: s.Estimate.Images, Views: s.Estimate.Views, Bytes: s.Estimate.Bytes, Steps: s.Estimate.Steps,
			AtMost: s.Estimate.AtMost, CPUHours: s.Estimate.CPUHours, GPUHours: s.Estimate.GPUHours,
		}
		if s.State == pipelines.Keep {
			list[i].State = "keep"
		}
	}
	e.write(struct {
		Event  string    `json:"event"`
		Stages []planned `json:"stages"`
		Jobs   []Job     `json:"jobs,omitempty"`
	}{"plan", list, jobs})
}

// Started writes {"event":"start","stage":…}.
func (e *Events) Started(stage string) {
	e.mu.Lock()
	e.started[stage] = time.Now()
	e.mu.Unlock()
	e.write(struct {
		Event string `json:"event"`
		Stage string `json:"stage"`
	}{"start", stage})
}

// eventInterval is how often a stage's progress is written, its end apart.
const eventInterval = 500 * time.Millisecond

func (e *Events) due(stage string, last bool) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if now := time.Now(); last || now.Sub(e.told[stage]) >= eventInterval {
		e.told[stage] = now
		return true
	}
	return false
}

// Progress writes {"event":"progress","stage":…,"done":…,"total":…,…}.
func (e *Events) Progress(stage string, done, total int64, unit string, bytes int64) {
	if !e.due(stage, done == total) {
		return
	}
	e.write(struct {
		Event string `json:"event"`
		Stage string `json:"stage"`
		Done  int64  `json:"done"`
		Total int64  `json:"total,omitempty"`
		Unit  string `json:"unit"`
		Bytes int64  `json:"bytes,omitempty"`
	}{"progress", stage, done, total, unit, bytes})
}

// Metric writes {"event":"metric","stage":…,"values":{…}}; what is not finite
// is null.
func (e *Events) Metric(stage string, values map[string]float64) {
	e.write(struct {
		Event  string         `json:"event"`
		Stage  string         `json:"stage"`
		Values map[string]any `json:"values"`
	}{"metric", stage, finite(values)})
}

func finite(values map[string]float64) map[string]any {
	out := make(map[string]any, len(values))
	for k, v := range values {
		if out[k] = v; math.IsNaN(v) || math.IsInf(v, 0) {
			out[k] = nil
		}
	}
	return out
}

// Message writes {"event":"message","stage":…,"text":…}.
func (e *Events) Message(stage, text string) {
	e.write(struct {
		Event string `json:"event"`
		Stage string `json:"stage"`
		Text  string `json:"text"`
	}{"message", stage, text})
}

// Finished writes {"event":"finish","stage":…,"state":…,"seconds":…,…}.
func (e *Events) Finished(r pipelines.Result) {
	f := struct {
		Event      string               `json:"event"`
		Stage      string               `json:"stage"`
		State      string               `json:"state"`
		Seconds    float64              `json:"seconds"`
		Counts     map[string]int64     `json:"counts,omitempty"`
		Bytes      int64                `json:"bytes,omitempty"`
		Quarantine *artifact.Quarantine `json:"quarantine,omitempty"`
		Error      string               `json:"error,omitempty"`
	}{Event: "finish", Stage: r.Name, State: string(r.State), Seconds: r.Seconds}
	if m := r.Manifest; m != nil {
		f.Counts, f.Bytes, f.Quarantine = m.Counts, m.Bytes(), m.Quarantine
	}
	if r.Err != nil {
		f.State, f.Error = "failed", r.Err.Error()
	}
	e.write(f)
}

// Close does nothing; Done or Failed writes the last line.
func (e *Events) Close() {}

type doneStage struct {
	Name    string  `json:"name"`
	State   string  `json:"state"`
	Seconds float64 `json:"seconds"`
}

type topOne struct {
	Top1 float64 `json:"top1"`
}

// Done writes the last line of a run that went well.
func (e *Events) Done(results []pipelines.Result, metrics Metrics) {
	stages := make([]doneStage, len(results))
	for i, r := range results {
		stages[i] = doneStage{r.Name, string(r.State), r.Seconds}
	}
	figures := map[string]topOne{}
	for name, m := range metrics.Models {
		figures[name] = topOne{m.Top1}
	}
	e.write(struct {
		Event   string            `json:"event"`
		Stages  []doneStage       `json:"stages"`
		Metrics map[string]topOne `json:"metrics"`
	}{"done", stages, figures})
}

// Failed writes the last line of a run that did not.
func (e *Events) Failed(err error) {
	e.write(struct {
		Event string `json:"event"`
		Error string `json:"error"`
	}{"failed", err.Error()})
}
