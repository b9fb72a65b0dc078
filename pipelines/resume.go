package pipelines

import (
	"encoding/json"
	"fmt"

	"github.com/retort-ml/retort/internal/crash"
	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
)

// Work in progress keeps beside the data a marker with the fingerprint that the
// files are for, one report per finished shard, and what phases hand on. All go
// once the manifest is written.
const (
	markerName = ".progress.json"
	shardsDir  = ".shards"
	workDir    = ".work" // what phases leave for those that follow
)

type marker struct {
	Fingerprint string `json:"fingerprint"`
}

// resumable reports whether dir holds work in progress for the fingerprint.
func resumable(dir blob.Dir, fingerprint string) bool {
	data, err := dir.ReadFile(markerName)
	if err != nil {
		return false
	}
	var m marker
	return json.Unmarshal(data, &m) == nil && m.Fingerprint == fingerprint
}

// prepare makes dir ready for a stage: it keeps what an interrupted run for
// the same fingerprint left, and clears everything else.
func prepare(dir blob.Dir, fingerprint string) error {
	resume := resumable(dir, fingerprint)
	if there, err := dir.Exists(artifact.ManifestName); err == nil && there {
		resume = false // a finished artifact that was found wanting
	}
	if resume {
		for _, work := range []string{toldDir, scratchDir} {
			if err := dir.RemoveAll(work); err != nil {
				return err
			}
		}
		return dir.Sweep()
	}
	if err := artifact.Clear(dir); err != nil {
		return fmt.Errorf("cannot clear %s: %w", dir, err)
	}
	crash.At(crash.StageCleared)
	data, err := json.Marshal(marker{fingerprint})
	if err != nil {
		return err
	}
	return dir.WriteFile(markerName, data)
}

// finished reports whether the artifact of the task is there.
func (t *task) finished() bool {
	m, err := artifact.Load(t.Dir)
	return err == nil && m.Fingerprint == t.Fingerprint
}

// Resuming reports whether this run of the stage goes on after an interrupted
// one: whether files of an earlier attempt, for the same config and inputs,
// may be there.
func (j *Job) Resuming() bool { return resumable(j.task.Dir, j.task.Fingerprint) }

func reportName(of string) string { return fmt.Sprintf("%s/%s.json", shardsDir, of) }

// finishedShard loads the report of a shard that an earlier attempt finished,
// if its files are still what it says.
func (t *task) finishedShard(name string, shard int) (shardReport, bool) {
	var r shardReport
	data, err := t.Dir.ReadFile(reportName(name))
	if err != nil || json.Unmarshal(data, &r) != nil || r.Shard != shard {
		return r, false
	}
	return r, artifact.Verify(t.Dir, &artifact.Manifest{Files: append(r.Files, r.Work...)}) == nil
}

func (t *task) saveShard(name string, r shardReport) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return t.Dir.WriteFile(reportName(name), data)
}

// tidy removes the traces of work in progress from a finished artifact.
func tidy(dir blob.Dir) error {
	if err := dir.Sweep(); err != nil {
		return err
	}
	for _, work := range []string{shardsDir, workDir, toldDir, scratchDir} {
		if err := dir.RemoveAll(work); err != nil {
			return err
		}
	}
	if err := dir.Remove(holderName); err != nil {
		return err
	}
	crash.At(crash.TidyHalfway)
	return dir.Remove(markerName)
}
