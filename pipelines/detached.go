package pipelines

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
)

// Detached is a runner whose jobs go on when the process that started them ends.
// A stage's folder names the job that works for it: the next run asks for it, and
// follows it or takes what it made.
type Detached interface {
	Runner
	// Start hands p over and returns a name by which any process finds the job.
	Start(ctx context.Context, p *beam.Pipeline) (job string, err error)
	// Follow waits for a job's end. When ctx is done it cancels the job, and still waits.
	Follow(ctx context.Context, job string) error
	// Running reports whether the job is at work; an error is that nobody knows.
	Running(ctx context.Context, job string) (bool, error)
	// InProcess reports whether jobs need this process, as their worker.
	InProcess() bool
}

var detached sync.Map // name -> Detached

// RegisterDetached makes a runner known to those that find its jobs. It is called
// from an init function.
func RegisterDetached(d Detached) { detached.Store(d.Name(), d) }

// holder is who may write in a stage's folder: one task, by one job. Its workers
// look at it before each bundle and before the manifest.
type holder struct {
	Task        string `json:"task"`
	Fingerprint string `json:"fingerprint"`
	Runner      string `json:"runner"`
	Job         string `json:"job,omitempty"`   // "" until it is handed over
	Bound       bool   `json:"bound,omitempty"` // to the process that started it
	By          string `json:"by,omitempty"`    // that process
	// Stages are those that the job works for, where it is for more than one.
	Stages []string `json:"stages,omitempty"`
}

const holderName = ".job.json"

func loadHolder(dir blob.Dir) (h holder, there bool, err error) {
	data, err := dir.ReadFile(holderName)
	if blob.IsAbsent(err) {
		return h, false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &h)
	}
	return h, err == nil, err
}

func (h holder) save(dir blob.Dir) error {
	data, err := json.Marshal(h)
	if err != nil {
		return err
	}
	return dir.WriteFile(holderName, append(data, '\n'))
}

// comeBack looks for a job that an earlier process left at work on a stage. done
// is whether it was followed to its end.
func (r *running) comeBack(ctx context.Context, step *Step) (done bool, err error) {
	h, there, err := loadHolder(step.Dir)
	if err != nil || !there || h.Job == "" {
		return false, err
	}
	x, known := detached.Load(h.Runner)
	if !known {
		return false, fmt.Errorf("%s: job %s of %s may be at work on it, which this program does not know (stop it, then remove %s)", step.Name, h.Job, h.Runner, step.Dir.At(holderName))
	}
	d := x.(Detached)
	at, err := d.Running(ctx, h.Job)
	switch {
	case err != nil:
		return false, fmt.Errorf("%s: job %s of %s may still be at work on it: %w (if it is no more, remove %s)", step.Name, h.Job, h.Runner, err, step.Dir.At(holderName))
	case !at:
		return false, nil
	case h.Bound: // its worker is gone with the process that started it
		r.reporter.Message(step.Name, "cancels job "+h.Job+", whose launcher and worker is gone")
		gone, cancel := context.WithCancel(ctx)
		cancel()
		_ = d.Follow(gone, h.Job)
		return false, nil
	case h.Fingerprint != step.Fingerprint:
		return false, fmt.Errorf("%s: job %s of %s is at work on it for another config (run the earlier command again to follow it, and Ctrl-C there to cancel it)", step.Name, h.Job, h.Runner)
	}
	r.reporter.Message(step.Name, "goes on with job "+shown(d, h.Job)+", which an earlier run started")
	return true, follow(ctx, d, h.Job, []place{{r, step.Dir}})
}

// jobPart is a task of a job, and what this process keeps of it.
type jobPart struct {
	*running
	task *task
}

// detach hands a job over, by start, and follows it. Every part's folder names it.
func detach(ctx context.Context, d Detached, parts []jobPart, start func() (job string, err error)) error {
	var names []string
	if len(parts) > 1 {
		for _, p := range parts {
			names = append(names, p.task.Stage)
		}
	}
	hold := func(job string) error {
		for _, p := range parts {
			t := p.task
			h := holder{Task: t.Job, Fingerprint: t.Fingerprint, Runner: d.Name(), Job: job, Bound: d.InProcess(), By: t.From, Stages: names}
			if err := h.save(t.Dir); err != nil {
				return err
			}
		}
		return nil
	}
	if err := hold(""); err != nil {
		return err
	}
	job, err := start()
	if err != nil {
		for _, p := range parts {
			_ = p.task.Dir.With(context.WithoutCancel(ctx)).Remove(holderName) // it names no job
		}
		return err
	}
	parts[0].follows(job)
	if err := hold(job); err != nil {
		return err
	}
	places := make([]place, len(parts))
	for i, p := range parts {
		p.reporter.Message(p.task.Stage, "job "+shown(d, job))
		places[i] = place{p.running, p.task.Dir}
	}
	return follow(ctx, d, job, places)
}

// Linked is a Detached runner whose jobs people can look at.
type Linked interface {
	Link(job string) (url string)
}

// shown is how people find a job.
func shown(d Detached, job string) string {
	if l, ok := d.(Linked); ok {
		return job + ": " + l.Link(job)
	}
	return job
}

// place is where the workers of a stage tell how they get on.
type place struct {
	*running
	dir blob.Dir
}

// follow waits for the end of a job and tells meanwhile what its workers say.
func follow(ctx context.Context, d Detached, job string, places []place) error {
	places[0].follows(job)
	alive := context.WithoutCancel(ctx)
	for _, p := range places {
		stop := p.listen(alive, p.dir)
		defer stop()
	}
	err := d.Follow(ctx, job)
	if err == nil {
		return nil
	}
	if at, asked := d.Running(alive, job); asked != nil || at {
		return errors.Join(err, asked)
	}
	for _, p := range places {
		if h, there, _ := loadHolder(p.dir.With(alive)); !there || h.Job != job {
			continue
		}
		if removed := p.dir.With(alive).Remove(holderName); removed != nil {
			return errors.Join(err, removed)
		}
	}
	return err
}

// follows notes the job, for DetachedJobs.
func (r *running) follows(job string) {
	jobs.Lock()
	defer jobs.Unlock()
	r.job = job
}

// DetachedJobs are the jobs that this process follows, and that go on without it.
func DetachedJobs() (names []string) {
	jobs.Lock()
	defer jobs.Unlock()
	for _, r := range jobs.by {
		if r.job != "" {
			names = append(names, r.job)
		}
	}
	return names
}

// mayWrite is an error where the stage's folder is no longer the task's, or is not
// here at all.
func (t *task) mayWrite() error {
	if !t.Detached {
		return nil
	}
	h, there, err := loadHolder(t.Dir)
	if err != nil {
		return err
	}
	if there && h.Task == t.Job {
		return nil
	}
	if m, err := artifact.Load(t.Dir); err == nil && m.Fingerprint == t.Fingerprint {
		return nil // finished, and tidied up
	}
	if seen, _ := t.Dir.Exists(markerName); !seen && t.Dir.IsLocal() {
		return &elsewhereError{t.Dir}
	}
	return &takenOverError{t.Dir}
}

// takenOverError is that the folder is another run's by now. Its launcher must not
// take it for a failure of its own job.
type takenOverError struct{ dir blob.Dir }

func (e *takenOverError) Error() string { return fmt.Sprintf("%s: another run took it over", e.dir) }

// elsewhereError is that a worker does not see the run's folder.
type elsewhereError struct{ dir blob.Dir }

func (e *elsewhereError) Error() string {
	return fmt.Sprintf("the run's folder %s is not on this worker's machine (give --out a folder that all machines share, or a store: gs://, s3://)", e.dir)
}
