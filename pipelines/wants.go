package pipelines

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Wants is what a stage asks of the machines that its job runs on. The zero value
// asks for nothing: any machine will do.
type Wants struct {
	Cores       int         `json:"cores,omitempty"`        // of one machine, over which an element's work is spread
	MemoryBytes int64       `json:"memory_bytes,omitempty"` // of one machine, at least
	Accelerator Accelerator `json:"accelerator,omitempty"`
}

// Accelerator says what use a stage has for a GPU.
type Accelerator string

// What use that is; "" is none.
const (
	Useful Accelerator = "useful" // it is faster with one, and does without
	Needed Accelerator = "needed" // it fails without one
)

// SomeCores is what stages of this project ask for that spread an element's work
// over all cores there are: few enough for machines of every size, enough that
// most of a machine's price is cores at work.
const SomeCores = 4

// Demanding is a stage that names what it wants. A runner that starts machines
// for its jobs (see Provider) asks for it; others pay no heed.
type Demanding interface{ Wants() Wants }

// Outside is a stage that reads what lies outside of the graph.
type Outside interface {
	// Reads are paths and addresses of stores; a runner whose workers are on other
	// machines refuses those of this one.
	Reads() []string
}

// Able is a stage whose work not every machine can do, whatever its size: for want of
// instructions or of a library. It is asked before anything runs where this process
// does the work; of other machines nobody knows.
type Able interface {
	// CanRun says what this machine lacks. It must be quick.
	CanRun() error
}

// CanRun says which of the steps that will run by a runner this machine cannot do,
// where the runner works on it, and why: each reason once. What may be kept after all,
// when its inputs come out as they were, is not asked.
func CanRun(runner Runner, steps []Step) error {
	if d, elsewhere := runner.(Detached); elsewhere && !d.InProcess() {
		return nil
	}
	var lacks []error
	told, runs := map[string]bool{}, map[string]bool{}
	for _, s := range steps {
		runs[s.Name] = s.State == Run
		a, ok := s.node.stage.(Able)
		if !ok || s.State == Keep || !s.fresh && slices.ContainsFunc(s.Inputs, func(in string) bool { return runs[in] }) {
			continue
		}
		if err := a.CanRun(); err != nil && !told[err.Error()] {
			told[err.Error()] = true
			lacks = append(lacks, prefixed(s.Name, err))
		}
	}
	return errors.Join(lacks...)
}

func wantsOf(stage any) Wants {
	if d, ok := stage.(Demanding); ok {
		return d.Wants()
	}
	return Wants{}
}

func readsOf(stage any) []string {
	if o, ok := stage.(Outside); ok {
		return o.Reads()
	}
	return nil
}

// check reports wants that nobody can meet.
func (w Wants) check() error {
	switch {
	case w.Cores < 0 || w.MemoryBytes < 0:
		return fmt.Errorf("Wants = %d cores, %d bytes; want at least 0", w.Cores, w.MemoryBytes)
	case w.Accelerator != "" && w.Accelerator != Useful && w.Accelerator != Needed:
		return fmt.Errorf("Wants = accelerator %q; want %s, %s or nothing", w.Accelerator, Useful, Needed)
	}
	return nil
}

// And is what two stages want that run on the same machines.
func (w Wants) And(other Wants) Wants {
	w.Cores, w.MemoryBytes = max(w.Cores, other.Cores), max(w.MemoryBytes, other.MemoryBytes)
	if w.Accelerator == "" || other.Accelerator == Needed {
		w.Accelerator = cmp.Or(other.Accelerator, w.Accelerator)
	}
	return w
}

// goWith reports whether a stage that wants other can run where w is had, at no
// higher price: what it wants is the same, or nothing at all and nothing costly is
// there.
func (w Wants) goWith(other Wants) bool {
	if w == other {
		return true
	}
	return w.Accelerator == "" && other.Accelerator == "" && (w == Wants{} || other == Wants{})
}

// String is how people read it: "4 cores, an accelerator if there is one".
func (w Wants) String() string {
	var parts []string
	if w.Cores > 0 {
		parts = append(parts, fmt.Sprintf("%d cores", w.Cores))
	}
	if w.MemoryBytes > 0 {
		parts = append(parts, fmt.Sprintf("%.3g GB of memory", float64(w.MemoryBytes)/1e9))
	}
	switch w.Accelerator {
	case Useful:
		parts = append(parts, "an accelerator if there is one")
	case Needed:
		parts = append(parts, "an accelerator")
	}
	if len(parts) == 0 {
		return "any machine"
	}
	return strings.Join(parts, ", ")
}

// JobPlan is a job that would run: one stage, or several after another on the same
// machines.
type JobPlan struct {
	Steps   []Step
	Wants   Wants
	Sharded bool // whether several machines can share its work
}

// Names of the job's stages.
func (j JobPlan) Names() []string {
	names := make([]string, len(j.Steps))
	for i, s := range j.Steps {
		names[i] = s.Name
	}
	return names
}

// Jobs are the jobs in which steps of a plan would run, in order: one a stage or,
// where joined is set, one for stages that follow on each other and want the same.
func Jobs(steps []Step, joined bool) []JobPlan {
	if joined {
		steps = arrange(steps)
	}
	var jobs []JobPlan
	for _, s := range steps {
		if s.State == Keep {
			continue
		}
		if n := len(jobs) - 1; joined && n >= 0 && s.joins(jobs[n].Wants) {
			jobs[n].add(s)
			continue
		}
		jobs = append(jobs, JobPlan{})
		jobs[len(jobs)-1].add(s)
	}
	return jobs
}

func (j *JobPlan) add(s Step) {
	j.Steps, j.Wants, j.Sharded = append(j.Steps, s), j.Wants.And(s.Wants), j.Sharded || s.sharded
}

// joins reports whether a step can be part of the job of those before it. One with
// an artifact for other inputs has a job of its own: when its inputs come out as
// they were, that is kept.
func (s Step) joins(wants Wants) bool { return s.fresh && wants.goWith(s.Wants) }

// arrange orders steps, each behind its inputs, so that those that can share a job
// follow on each other.
func arrange(steps []Step) []Step {
	left := slices.Clone(steps)
	waits := map[string]bool{} // for what has not been ordered
	for _, s := range left {
		waits[s.Name] = true
	}
	ready := func(s Step) bool {
		return !slices.ContainsFunc(s.Inputs, func(in string) bool { return waits[in] })
	}
	var ordered []Step
	var wants Wants
	for len(left) > 0 {
		at := slices.IndexFunc(left, func(s Step) bool { return ready(s) && (s.State == Keep || s.joins(wants)) })
		if at < 0 {
			if at = slices.IndexFunc(left, ready); at < 0 {
				return append(ordered, left...) // a graph has no cycles
			}
			wants = Wants{}
		}
		s := left[at]
		ordered, left = append(ordered, s), slices.Delete(left, at, at+1)
		if delete(waits, s.Name); s.State != Keep {
			wants = wants.And(s.Wants)
		}
	}
	return ordered
}
