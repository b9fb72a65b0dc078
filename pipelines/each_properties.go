package pipelines

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
)

// The optional methods of a stage, answered for all stages of an each.

// Validate reports what is wrong with the config.
func (e *each) Validate() error {
	for _, l := range e.links {
		if isNil(l.stage) {
			return nil // checkConfig reports it
		}
		if err := validate(l.stage); err != nil {
			return e.blame(l, err)
		}
	}
	return nil
}

// blame says which of several stages err is about.
func (e *each) blame(l link, err error) error {
	if len(e.links) == 1 {
		return err
	}
	return fmt.Errorf("%s: %w", l.step.name[strings.LastIndexByte(l.step.name, '.')+1:], err)
}

// StageVersion is the version of the one stage; canonical has those of several.
func (e *each) StageVersion() int {
	if len(e.links) == 1 {
		return versionOf(e.links[0].stage)
	}
	return 0
}

func versionOf(stage any) int {
	if v, ok := stage.(Versioned); ok {
		return v.StageVersion()
	}
	return 0
}

// MaxRejected is the largest share that one of the stages allows.
func (e *each) MaxRejected() float64 {
	share, said := 0.0, false
	for _, l := range e.links {
		if t, ok := l.stage.(Tolerant); ok {
			share, said = max(share, t.MaxRejected()), true
		}
	}
	if !said {
		return DefaultMaxRejected
	}
	return share
}

// Wants is what all the stages together want of a machine.
func (e *each) Wants() (all Wants) {
	for _, l := range e.links {
		all = all.And(wantsOf(l.stage))
	}
	return all
}

// CanRun is what one of the stages lacks.
func (e *each) CanRun() error {
	for _, l := range e.links {
		if a, ok := l.stage.(Able); ok {
			if err := a.CanRun(); err != nil {
				return e.blame(l, err)
			}
		}
	}
	return nil
}

// Reads is what one of the stages reads.
func (e *each) Reads() (all []string) {
	for _, l := range e.links {
		all = append(all, readsOf(l.stage)...)
	}
	return all
}

// State sums up what the stages depend on outside the graph.
func (e *each) State(ctx context.Context) (string, error) {
	var states []string
	for _, l := range e.links {
		if s, ok := l.stage.(Stateful); ok {
			state, err := s.State(ctx)
			if err != nil {
				return "", e.blame(l, err)
			}
			states = append(states, state)
		}
	}
	return strings.Join(states, "\n"), nil
}

// Estimate takes the stages to keep whatever comes in: how much they drop shows
// when they ran.
func (e *each) Estimate(_ context.Context, known Known) Estimate {
	before := known.InStep()
	ports := map[string]int64{}
	maps.Copy(ports, before.Estimate.Ports)
	if before.Manifest != nil {
		maps.Copy(ports, before.Manifest.Counts)
	}
	return Estimate{Images: known.In(), Ports: ports}
}

// canonical is what of the configs decides on the result.
func (e *each) canonical() ([]byte, error) {
	if len(e.links) == 1 {
		return canonicalConfig(e.links[0].stage)
	}
	type versioned struct {
		Version int
		Config  json.RawMessage
	}
	list := make([]versioned, len(e.links))
	for i, l := range e.links {
		config, err := canonicalConfig(l.stage)
		if err != nil {
			return nil, e.blame(l, err)
		}
		list[i] = versioned{versionOf(l.stage), config}
	}
	return json.Marshal(list)
}
