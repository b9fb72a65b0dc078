package pipelines

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/retort-ml/retort/internal/crash"
	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/imagefile"
)

// commit runs the stage (its finishing part, if it is sharded) and writes the
// manifest.
func (t *task) commit(ctx context.Context, e *erased, stage any, shards []shardReport) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	job := &Job{task: t, phases: e.phases, shards: shards}
	if err := t.checkRejected(job); err != nil { // before more work goes into it
		return err
	}
	defer func() {
		if err != nil {
			job.settle(false)
		}
	}()
	if err := job.finish(e.run(ctx, stage, job)); err != nil {
		return err
	}
	if err := t.checkRejected(job); err != nil {
		return t.allRejected(job, err)
	}
	if err := job.fileRejected(quarantineName); err != nil {
		return err
	}
	if err := artifact.SaveTimings(t.Dir, t.timings()); err != nil {
		return err
	}
	crash.At(crash.BeforeManifest)
	if err := t.mayWrite(); err != nil {
		return err
	}
	if t.Joined {
		if err := t.know(stage); err != nil {
			return err
		}
	}
	if t.Detached {
		return artifact.CommitNew(t.Dir, t.manifest(job))
	}
	return artifact.Commit(t.Dir, t.manifest(job))
}

const quarantineName = "quarantine.jsonl"

// allRejected leaves a list of all that was set aside, of which the error of a
// stage that fails for it names the first few.
func (t *task) allRejected(job *Job, err error) error {
	if len(job.rejected) <= artifact.FirstShown || job.fileRejected(quarantineName) != nil {
		return err
	}
	return fmt.Errorf("%w\n  all %d: %s", err, len(job.rejected), job.At(quarantineName))
}

// timings are saved before the manifest: an artifact that exists has them.
func (t *task) timings() artifact.Timings {
	host, _ := os.Hostname()
	return artifact.Timings{Started: t.Started.UTC().Format(time.RFC3339), Seconds: time.Since(t.Started).Seconds(), Host: host, Runner: t.Runner}
}

// fileRejected writes what was set aside into a data file of its own and
// leaves the summary in the report.
func (j *Job) fileRejected(name string) error {
	if len(j.rejected) == 0 {
		return j.task.Dir.Remove(name) // of a run that failed for them
	}
	q := artifact.Summarise(j.rejected, j.report.Looked)
	j.report.Rejected, j.report.Reasons, j.report.First = q.Total, q.Reasons, q.First
	var b bytes.Buffer
	for _, r := range j.rejected {
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		b.Write(append(line, '\n'))
	}
	return j.WriteFile(name, b.Bytes())
}

func (t *task) manifest(job *Job) *artifact.Manifest {
	m := &artifact.Manifest{
		Schema: artifact.Schema, Kind: t.Kind, Stage: t.Stage, Type: t.Type, Version: t.Version,
		Fingerprint: t.Fingerprint, Content: t.Content, CodeVersion: t.CodeVersion, Config: t.Config,
		Inputs: t.Inputs, Counts: map[string]int64{}, Meta: job.meta, PortMeta: job.portMeta,
	}
	for _, r := range append(job.shards, job.report) {
		m.Files = append(m.Files, r.Files...)
		m.Notes = append(m.Notes, r.Notes...)
		for name, n := range r.Counts {
			m.Counts[name] += n
		}
	}
	m.Quarantine = job.quarantine()
	return m
}

// quarantine adds up what the shards and the finishing part set aside.
func (j *Job) quarantine() *artifact.Quarantine {
	q := &artifact.Quarantine{Reasons: map[string]int64{}}
	for _, r := range append(append([]shardReport(nil), j.shards...), j.report) {
		q.Total += r.Rejected
		q.Of += r.Looked
		for reason, n := range r.Reasons {
			q.Reasons[reason] += n
		}
		q.First = append(q.First, r.First...)
	}
	q.First = q.First[:min(len(q.First), artifact.FirstShown)]
	if q.Total == 0 && q.Of == 0 {
		return nil
	}
	return q
}

// forgetRejected makes the next run do the shards again that set something aside:
// it may have been mended by then. Where Run sets aside what shards of phases found,
// those are all of them: what a phase leaves depends on the phases before.
func (j *Job) forgetRejected() {
	if len(j.phases) > 1 && len(j.rejected) > 0 {
		for _, work := range []string{shardsDir, workDir} {
			_ = j.task.Dir.RemoveAll(work)
		}
		return
	}
	e := erased{phases: j.phases}
	for _, r := range j.shards {
		if r.Rejected > 0 {
			_ = j.task.Dir.Remove(reportName(e.shardName(r.Phase, r.Shard))) // what cannot be removed is told again
		}
	}
}

// checkRejected fails when a larger share was set aside than the stage allows.
func (t *task) checkRejected(job *Job) error {
	pending := &Job{task: t, shards: job.shards, report: job.report}
	if len(job.rejected) > 0 && job.report.Rejected == 0 {
		q := artifact.Summarise(job.rejected, job.report.Looked)
		pending.report.Rejected, pending.report.Reasons, pending.report.First = q.Total, q.Reasons, q.First
	}
	q := pending.quarantine()
	if q == nil || q.Total <= AlwaysTolerated || float64(q.Total) <= t.MaxRejected*float64(q.Of) {
		return nil
	}
	job.forgetRejected()
	var b strings.Builder
	mend := "mend them or leave them out, and run again"
	if t.Tolerant {
		mend = "mend them, or raise max_rejected"
	}
	fmt.Fprintf(&b, "%s: %d of %d images cannot be used, more than the limit of %.3g %% (%s); the first:", t.Stage, q.Total, q.Of, 100*t.MaxRejected, mend)
	for _, r := range q.First {
		r.URI = imagefile.Place(imagefile.FromArtifact(r.URI, t.Dir))
		fmt.Fprintf(&b, "\n  %s: %s", rejectedName(r), r.Reason)
		if r.Detail != "" {
			fmt.Fprintf(&b, " (%s)", r.Detail)
		}
	}
	return fmt.Errorf("%s", b.String())
}

func rejectedName(r artifact.Rejected) string {
	switch {
	case r.Name != "" && r.Name != r.URI:
		return r.URI + ": " + r.Name
	case r.Offset > 0:
		return fmt.Sprintf("%s at byte %d", r.URI, r.Offset)
	}
	return r.URI
}
