package training

import (
	"errors"
	"fmt"

	"github.com/retort-ml/retort/model/checkpoint"
)

// stageKey names the stage's fingerprint among a checkpoint's fingerprints.
const stageKey = "stage"

// begin resumes from the last checkpoint that is intact, this training's own
// and has its curve, or starts anew.
func (se *session) begin() error {
	steps, err := se.folder.Steps()
	if err != nil {
		return err
	}
	for k := len(steps) - 1; k >= 0; k-- {
		cause, err := se.resume(steps[k])
		if err != nil {
			return err
		}
		if cause == nil {
			se.job.Message(fmt.Sprintf("goes on from step %d of %d", se.trainer.Step(), se.run.Spec.Steps))
			return nil
		}
		se.job.Message(fmt.Sprintf("passes over the checkpoint of step %d: %v", steps[k], cause))
	}
	return se.anew()
}

// resume takes up the checkpoint of a step. cause says why that cannot be; err
// is trouble with the disk.
func (se *session) resume(step int) (cause, err error) {
	c, err := se.folder.At(step)
	var format *checkpoint.FormatError
	var version *checkpoint.VersionError
	if errors.As(err, &format) || errors.As(err, &version) {
		return err, nil
	}
	if err != nil {
		return nil, err
	}
	if c.Fingerprints[stageKey] != se.job.Fingerprint() {
		return errors.New("it belongs to another training"), nil
	}
	if cause := se.trainer.Resume(c); cause != nil {
		return cause, nil
	}
	if cause := se.looks.restore(c); cause != nil {
		return cause, nil
	}
	if cause, err = se.openProbe(step); cause != nil || err != nil {
		return cause, err
	}
	se.curves, cause, err = openCurves(se.job.Folder("."), CurvesName+".part", step)
	return cause, err
}

// openProbe opens the curves of the online probe, where labels watch.
func (se *session) openProbe(step int) (cause, err error) {
	if se.probe != nil {
		se.probe.Close()
		se.probe = nil
	}
	if !se.run.Spec.Watched() {
		return nil, nil
	}
	se.probe, cause, err = openCurves(se.job.Folder("."), ProbeName, step)
	return cause, err
}

// anew starts at step 0, with nothing of an earlier attempt.
func (se *session) anew() (err error) {
	if err := se.folder.Clear(); err != nil {
		return err
	}
	if err := se.looks.restore(&checkpoint.Checkpoint{}); err != nil {
		return err
	}
	r := se.run
	*se.trainer.State() = checkpoint.State{Classes: r.Classes, Fingerprints: map[string]string{stageKey: se.job.Fingerprint()}}
	if r.Start == nil {
		err = se.trainer.InitRandom()
	} else {
		err = r.Start(se.trainer)
	}
	if err != nil {
		return err
	}
	if _, err := se.openProbe(0); err != nil {
		return err
	}
	var cause error
	se.curves, cause, err = openCurves(se.job.Folder("."), CurvesName+".part", 0)
	return errors.Join(cause, err)
}
