package pipelines

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/retort-ml/retort/internal/atomicfile"
	"github.com/retort-ml/retort/internal/crash"
	"github.com/retort-ml/retort/io/artifact"
)

// Work in progress keeps two things beside the data: a marker with the
// fingerprint that the files are for, and one report per finished shard. Both
// go once the manifest is written.
const (
	markerName = ".progress.json"
	shardsDir  = ".shards"
)

type marker struct {
	Fingerprint string `json:"fingerprint"`
}

// resumable reports whether dir holds work in progress for the fingerprint.
func resumable(dir, fingerprint string) bool {
	data, err := os.ReadFile(filepath.Join(dir, markerName))
	if err != nil {
		return false
	}
	var m marker
	return json.Unmarshal(data, &m) == nil && m.Fingerprint == fingerprint
}

// prepare makes dir ready for a stage: it keeps what an interrupted run for
// the same fingerprint left, and clears everything else.
func prepare(dir, fingerprint string) error {
	resume := resumable(dir, fingerprint)
	if _, err := os.Stat(filepath.Join(dir, artifact.ManifestName)); err == nil {
		resume = false // a finished artifact that was found wanting
	}
	if resume {
		return artifact.RemoveTemps(dir)
	}
	if err := artifact.Clear(dir); err != nil {
		return fmt.Errorf("cannot clear %s: %w", dir, err)
	}
	crash.At(crash.StageCleared)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	data, err := json.Marshal(marker{fingerprint})
	if err != nil {
		return err
	}
	return atomicfile.WriteFile(filepath.Join(dir, markerName), data)
}

// finished reports whether the artifact of the task is there.
func (t *task) finished() bool {
	m, err := artifact.Load(t.Dir)
	return err == nil && m.Fingerprint == t.Fingerprint
}

// Resuming reports whether this run of the stage goes on after an interrupted
// one: whether files of an earlier attempt, for the same config and inputs,
// may lie under Path.
func (j *Job) Resuming() bool { return resumable(j.task.Dir, j.task.Fingerprint) }

func (t *task) shardPath(shard int) string {
	return filepath.Join(t.Dir, shardsDir, fmt.Sprintf("%05d.json", shard))
}

// finishedShard loads the report of a shard that an earlier attempt finished,
// if its files are still what it says.
func (t *task) finishedShard(shard int) (shardReport, bool) {
	var r shardReport
	data, err := os.ReadFile(t.shardPath(shard))
	if err != nil || json.Unmarshal(data, &r) != nil || r.Shard != shard {
		return r, false
	}
	return r, artifact.Verify(t.Dir, &artifact.Manifest{Files: append(r.Files, r.Work...)}) == nil
}

func (t *task) saveShard(r shardReport) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(t.Dir, shardsDir), 0o755); err != nil {
		return err
	}
	return atomicfile.WriteFile(t.shardPath(r.Shard), data)
}

// tidy removes the traces of work in progress from a finished artifact.
func tidy(dir string) error {
	if err := artifact.RemoveTemps(dir); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(dir, shardsDir)); err != nil {
		return err
	}
	crash.At(crash.TidyHalfway)
	if err := os.Remove(filepath.Join(dir, markerName)); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}
