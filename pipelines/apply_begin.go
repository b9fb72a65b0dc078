package pipelines

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
)

// ProcessElement emits the task, now that the folders of its inputs are known.
func (f *beginFn) ProcessElement(ctx context.Context, _ []byte, folders func(*string) bool, emit func([]byte)) error {
	t := new(task)
	if err := json.Unmarshal(f.Task, t); err != nil {
		return err
	}
	if err := f.begin(ctx, t, folders); err != nil {
		return prefixed(t.Stage, err)
	}
	data, err := json.Marshal(t)
	emit(data)
	return err
}

func (f *beginFn) begin(ctx context.Context, t *task, folders func(*string) bool) error {
	known := map[string]string{}
	var tagged string
	for folders(&tagged) {
		name, dir, ok := strings.Cut(tagged, " ")
		if !ok {
			continue
		}
		if err := f.input(t, known, name, dir); err != nil {
			return err
		}
	}
	for name := range f.Kinds {
		if known[name] == "" {
			return fmt.Errorf("its input %s has no folder", strings.TrimPrefix(name, placeholder))
		}
	}
	if err := t.fill(ctx, known); err != nil {
		return err
	}
	t.Started = time.Now()
	t.running = enter(t.Job)
	defer t.running.leave()
	if err := t.running.take(t.Dir); err != nil {
		return err
	}
	_, why, err := examine(t.Dir, t.Fingerprint)
	if err != nil || why == "" {
		release(t.Job)
		return err // finished: the transforms to come find it so
	}
	return prepare(t.Dir, t.Fingerprint)
}

// input notes the artifact that came in under name.
func (f *beginFn) input(t *task, known map[string]string, name, folder string) error {
	dir, err := blob.Open(folder)
	if err != nil {
		return fmt.Errorf("cannot open its input: %w", err)
	}
	m, err := artifact.Load(dir)
	if err != nil {
		return fmt.Errorf("cannot open its input: %w", err)
	}
	if m.Kind != f.Kinds[name] {
		return fmt.Errorf("%s is an artifact of kind %s; want %s", dir, m.Kind, f.Kinds[name])
	}
	if known[name] != "" {
		return fmt.Errorf("its input %s has two folders, %s and %s; want one", strings.TrimPrefix(name, placeholder), t.Dirs[known[name]], dir)
	}
	known[name] = m.Fingerprint
	t.Dirs[m.Fingerprint] = dir
	t.Inputs[m.Stage] = m.Fingerprint
	t.Past[m.Stage] = dir
	return nil
}

// fill puts fingerprints in the place of names, and adds the task's own.
func (t *task) fill(ctx context.Context, known map[string]string) error {
	for name, fingerprint := range known { // in the text, so that keys keep their order
		t.Config = bytes.ReplaceAll(t.Config, []byte(strconv.Quote(name)), []byte(strconv.Quote(fingerprint)))
	}
	if f, ok := known[t.Input.Fingerprint]; ok {
		t.Input.Fingerprint = f
	}
	e, err := lookup(t.Type)
	if err != nil {
		return err
	}
	stage, err := e.decode(t.Config)
	if err != nil {
		return err
	}
	canonical, err := canonicalConfig(stage)
	if err != nil {
		return err
	}
	state, err := stateOf(ctx, stage)
	if err != nil {
		return err
	}
	t.Fingerprint = fingerprint(t.Type, t.Version, canonical, t.Input, state)
	inputs := map[string]*artifact.Manifest{}
	for f, dir := range t.Dirs {
		if inputs[f], err = artifact.Load(dir); err != nil {
			return err
		}
	}
	t.Content = contentKey(t.Type, t.Version, canonical, t.Input, state, inputs)
	return nil
}
