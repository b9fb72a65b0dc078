package pipelines

import (
	"context"
	"errors"
	"fmt"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
)

// State says whether a stage has to run.
type State string

// The states of a planned stage.
const (
	Keep State = "kept" // its artifact is there, for the same fingerprint, and verified
	Run  State = "ran"  // it has to run
)

// WhyNew starts Step.Why of a stage that never ran here.
const WhyNew = "not made yet"

// Step is one stage of a plan.
type Step struct {
	Name        string
	Type        string
	Kind        string   // of its artifact
	Inputs      []string // names of the stages that it reads
	State       State
	Why         string // why it runs; empty when kept
	Fingerprint string
	Dir         blob.Dir           // of its artifact
	Config      []byte             // JSON
	Manifest    *artifact.Manifest // when kept
	Estimate    Estimate
	Wants       Wants    // of machines
	Reads       []string // that lies outside of the graph: see Outside

	node    *node
	fresh   bool // there is no artifact that could be kept
	sharded bool
}

// Plan says what would run and why, without running anything. Artifacts are
// verified by their checksums.
func (g *Graph) Plan(ctx context.Context) ([]Step, error) {
	if err := g.Check(); err != nil {
		return nil, err
	}
	order, err := g.sorted()
	if err != nil {
		return nil, err
	}
	steps := make([]Step, 0, len(order))
	states := map[string]Step{}
	for _, n := range order {
		step, err := g.planNode(ctx, n)
		if err != nil {
			return nil, err
		}
		step.explain(states)
		if e, ok := n.stage.(Estimator); ok && (step.State == Run || len(step.Inputs) > 0) {
			step.Estimate = e.Estimate(ctx, Known{node: n, steps: states})
		}
		states[n.name] = step
		steps = append(steps, step)
	}
	return steps, ctx.Err()
}

// planNode looks at one stage, its inputs having been looked at.
func (g *Graph) planNode(ctx context.Context, n *node) (Step, error) {
	if err := n.identify(ctx); err != nil {
		return Step{}, err
	}
	n.manifest = nil
	step := Step{
		Name: n.name, Type: n.erased.name, Kind: n.erased.kind, State: Run,
		Fingerprint: n.fingerprint, Dir: g.dir(n), Config: n.config, node: n,
		Wants: wantsOf(n.stage), Reads: readsOf(n.stage), sharded: len(n.erased.phases) > 0,
	}
	for _, in := range n.inputs() {
		step.Inputs = append(step.Inputs, in.name)
	}
	m, why, err := examine(step.Dir, n.fingerprint)
	if err == nil && why == whyChanged && n.holdsFor(m) {
		// what it made is this by another way; those who read it know it as that
		n.fingerprint = m.Fingerprint
		m, why, err = examine(step.Dir, m.Fingerprint)
	}
	if err != nil {
		return step, fmt.Errorf("%s: cannot look at its artifact: %w", n.name, err)
	}
	if why == whyChanged && m.Type == n.erased.name && m.Version != versionOf(n.stage) {
		why = fmt.Sprintf("made by version %d of its stage, this program has version %d", m.Version, versionOf(n.stage))
	}
	if why == "" {
		why = unreadable(n.stage, m)
	}
	if why == "" {
		step.State, step.Manifest, step.Fingerprint = Keep, m, n.fingerprint
		n.manifest = m
	}
	step.Why, step.fresh = why, m == nil
	return step, nil
}

// explain adds to why a stage runs that one of its inputs does.
func (s *Step) explain(before map[string]Step) {
	if s.State == Keep || resumable(s.Dir, s.Fingerprint) {
		return
	}
	for _, in := range s.Inputs {
		if before[in].State == Run {
			s.Why = fmt.Sprintf("%s; its input %s runs", s.Why, in)
			return
		}
	}
}

const whyChanged = "its config or inputs changed"

// unreadable says why the stage cannot read an artifact of its own that is whole;
// empty where it can.
func unreadable(stage any, m *artifact.Manifest) string {
	if s, ok := stage.(Selective); ok {
		if err := s.CanRead(m); err != nil {
			return fmt.Sprintf("made by version %s of the program: %v", m.CodeVersion, err)
		}
	}
	return ""
}

// examine loads and verifies what is in dir. why says what stands against
// keeping it. What cannot be read is an error: it may be whole, and weeks of
// work, so that nothing is redone, and cleared for it, on a guess.
func examine(dir blob.Dir, fingerprint string) (m *artifact.Manifest, why string, err error) {
	m, err = artifact.Load(dir)
	var damage *artifact.DamageError
	switch {
	case artifact.IsAbsent(err) && resumable(dir, fingerprint):
		return nil, "was interrupted, goes on", nil
	case artifact.IsAbsent(err):
		return nil, WhyNew, nil
	case errors.As(err, &damage):
		return nil, "damaged: " + damage.Error(), nil
	case err != nil:
		return nil, "", err
	case m.Fingerprint != fingerprint:
		return m, whyChanged, nil
	}
	err = artifact.Verify(dir, m)
	if errors.As(err, &damage) {
		return nil, "damaged: " + damage.Error(), nil
	}
	return m, "", err
}
