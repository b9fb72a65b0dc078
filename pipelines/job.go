package pipelines

import (
	"encoding/json"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/retort-ml/retort/internal/wire"
	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/imagefile"
)

// task is what a stage's DoFns are told: all that a worker needs, as JSON.
type task struct {
	Job         string              // unique per run of a stage, names its reporter in this process
	Stage       string              // name in the graph
	Type        string              // registered stage type
	Version     int                 //
	Kind        string              //
	Config      json.RawMessage     //
	Fingerprint string              //
	Content     string              // see contentKey
	Dir         blob.Dir            // of its artifact
	Dirs        map[string]blob.Dir // fingerprint of an input -> its folder
	Past        map[string]blob.Dir // stage before it -> its folder
	Input       edgeJSON            // by position
	Inputs      map[string]string   // stage name -> fingerprint
	CodeVersion string
	Runner      string
	Started     time.Time
	MaxRejected float64
	Tolerant    bool   // the stage sets MaxRejected itself
	Applied     bool   // by Apply, not run by a graph
	Detached    bool   // by a job that may outlive the process that started it
	From        string // folder from which the run was started
	Joined      bool   // behind another in one job: its inputs are not there yet
	State       string // of what lies outside of the graph; where it is Joined

	running *running // in this process; set where the task is decoded
}

// Job is one run of one stage, as the stage sees it. Its methods are safe for
// concurrent use.
type Job struct {
	task   *task
	phases []phase // of the stage

	mu       sync.Mutex
	meter    *Meter // nil: nothing is counted
	report   shardReport
	rejected []artifact.Rejected
	meta     json.RawMessage
	portMeta map[string]json.RawMessage
	later    *later        // of a shard that is to end
	shards   []shardReport // in Run of a sharded stage, and where a later phase is planned: what the shards reported
}

// Output is where a stage of kind Out writes.
type Output[Out any] struct{ *Job }

// shardReport is what one shard (or the whole stage) wrote and counted.
type shardReport struct {
	Phase    int                 `json:"phase,omitempty"`
	Shard    int                 `json:"shard"`
	Files    []artifact.File     `json:"files,omitempty"`
	Work     []artifact.File     `json:"work,omitempty"` // for Run, not part of the artifact
	Counts   map[string]int64    `json:"counts,omitempty"`
	Notes    []string            `json:"notes,omitempty"`
	Looked   int64               `json:"looked,omitempty"`
	Rejected int64               `json:"rejected,omitempty"`
	Reasons  map[string]int64    `json:"reasons,omitempty"`
	First    []artifact.Rejected `json:"first,omitempty"`
	Note     json.RawMessage     `json:"note,omitempty"`
	amount                       // what its meter counted
	Total    int64               `json:"total,omitempty"` // of the stage, as far as the meter knew
	Unit     string              `json:"unit,omitempty"`  // "": nothing was counted
	Job      string              `json:"job,omitempty"`   // that last counted it
}

// Stage is the stage's name in the graph.
func (j *Job) Stage() string { return j.task.Stage }

// Fingerprint of the artifact being made.
func (j *Job) Fingerprint() string { return j.task.Fingerprint }

// Inputs are the fingerprints of what the stage reads, by the names of the
// stages that made it.
func (j *Job) Inputs() map[string]string { return maps.Clone(j.task.Inputs) }

// Open opens what an edge of the stage carries.
func Open[T any](j *Job, e Edge[T]) (Artifact[T], error) {
	dir, ok := j.task.Dirs[e.Fingerprint()]
	if !ok {
		return Artifact[T]{}, fmt.Errorf("%s: an input edge carries nothing", j.task.Stage)
	}
	m, err := artifact.Load(dir)
	if err != nil {
		return Artifact[T]{}, fmt.Errorf("%s: cannot open its input: %w (run again; the stage that makes it is redone)", j.task.Stage, err)
	}
	return Artifact[T]{Port: e.port, Manifest: m, dir: dir}, nil
}

// AddFile makes a file that Create left under name part of the artifact.
func (j *Job) AddFile(name string, records int64) error {
	f, err := artifact.Describe(j.task.Dir, name, records)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.report.Files = append(j.report.Files, f)
	return nil
}

// AddDescribed is AddFile for a file whose size and checksum are known already.
func (j *Job) AddDescribed(f artifact.File) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.report.Files = append(j.report.Files, f)
}

// addWork is AddDescribed for a file that only Run needs.
func (j *Job) addWork(f artifact.File) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.report.Work = append(j.report.Work, f)
}

// Count adds n to a count of the manifest.
func (j *Job) Count(name string, n int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.report.Counts == nil {
		j.report.Counts = map[string]int64{}
	}
	j.report.Counts[name] += n
}

// Looked counts images or records that may be rejected: the whole that the
// limit of rejected ones is a share of.
func (j *Job) Looked(n int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.report.Looked += n
}

// Reject sets one image or record aside; the stage goes on.
func (j *Job) Reject(r artifact.Rejected) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r.URI = imagefile.ToArtifact(r.URI, j.task.Dir)
	for _, text := range []*string{&r.Name, &r.URI, &r.Detail} {
		*text = wire.Readable(*text)
	}
	j.rejected = append(j.rejected, r)
}

// Note leaves a sentence for people in the manifest and the report.
func (j *Job) Note(format string, args ...any) {
	note := wire.Readable(fmt.Sprintf(format, args...))
	j.mu.Lock()
	j.report.Notes = append(j.report.Notes, note)
	j.mu.Unlock()
	j.reporter().Message(j.task.Stage, note)
}

// Message shows people a sentence while the stage runs; nothing keeps it.
func (j *Job) Message(text string) { j.reporter().Message(j.task.Stage, text) }

// SetMeta sets the kind-specific part of the manifest.
func (j *Job) SetMeta(v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.meta = data
	return nil
}

// SetPortMeta sets what stands in for the kind-specific part for those who read
// the artifact through the port (see [Port]).
func (j *Job) SetPortMeta(port string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.portMeta == nil {
		j.portMeta = map[string]json.RawMessage{}
	}
	j.portMeta[port] = data
	return nil
}

// SetShardNote hands a value from RunShard to Run (see ShardNotes).
func (j *Job) SetShardNote(v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.report.Note = data
	return nil
}

// ShardNotes decodes what every shard left with SetShardNote, in order of
// shard, into values of type T. It is for Run of a Sharded stage.
func ShardNotes[T any](j *Job) ([]T, error) { return notes[T](j.shards) }

// PhaseNotes is ShardNotes for the shards of one phase of a Phased stage. It is for
// Run, and for where a later phase is planned.
func PhaseNotes[T any](j *Job, phase string) ([]T, error) {
	var of []shardReport
	for _, s := range j.shards {
		if j.phases[s.Phase].name == phase {
			of = append(of, s)
		}
	}
	return notes[T](of)
}

func notes[T any](shards []shardReport) ([]T, error) {
	notes := make([]T, len(shards))
	for i, s := range shards {
		if len(s.Note) == 0 {
			continue
		}
		if err := json.Unmarshal(s.Note, &notes[i]); err != nil {
			return nil, err
		}
	}
	return notes, nil
}

// Counted is the sum of a count over all shards. It is for Run of a Sharded
// stage.
func (j *Job) Counted(name string) int64 {
	var n int64
	for _, s := range j.shards {
		n += s.Counts[name]
	}
	return n
}
