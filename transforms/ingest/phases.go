package ingest

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/retort-ml/retort/io/tfrecord"
	"github.com/retort-ml/retort/pipelines"
)

// The work splits into shards five times. What one round leaves for the next lies
// in files of [pipelines.Job.Work]; none of it is larger than the references, and
// nobody holds more than a shard of it in memory.
//
//	walk   a shard: some of the sources   -> entries; archives are left closed
//	list   some of the archives           -> entries; members of compressed ones are checked at once
//	check  entries, by number and bytes   -> references sorted by id, and what is wrong with the others
//	order  a range of ids                 -> references without copies, with their labels
//	write  a shard of the index           -> that shard
//
// Shards are a function of the sources alone, and so is all that they leave.
const (
	walkPhase  = "walk"
	listPhase  = "list"
	checkPhase = "check"
	orderPhase = "order"
	writePhase = "write"
)

// sizes are how much of what a shard has. They do not shape the artifact.
var sizes = struct {
	shards int64 // of the walk and of the list each; above it a shard has several paths or archives

	pieceEntries, pieceBytes int64 // entries that shards of the check have or have not, and their encoded bytes, about
	shardEntries, shardBytes int64 // the same of such a shard

	rangeRefs int64 // references of a range of ids, about: they are in memory at once
	markEvery int64 // references between two places where the reading of a range may begin
}{
	shards:       4096,
	pieceEntries: 4096, pieceBytes: 512 << 20,
	shardEntries: 8 * 4096, shardBytes: 4 << 30,
	rangeRefs: 1 << 16,
	markEvery: 4096,
}

type (
	none   = pipelines.Artifact[pipelines.None]
	output = *pipelines.Output[pipelines.Images]
)

// Phases are the rounds of the work.
func (s *Images) Phases() []pipelines.Phase[pipelines.None, pipelines.Images] {
	return []pipelines.Phase[pipelines.None, pipelines.Images]{
		{Name: walkPhase, Shards: s.planWalk, RunShard: s.walk},
		{Name: listPhase, Shards: s.planList, RunShard: s.list},
		{Name: checkPhase, Shards: s.planCheck, RunShard: s.checkShard},
		{Name: orderPhase, Shards: s.planOrder, RunShard: s.order},
		{Name: writePhase, Shards: s.planWrite, RunShard: s.write},
	}
}

// savePlan leaves what the shards of a phase have to know.
func savePlan(out output, phase string, plan any) error { return out.SaveWork(phase, plan) }

// loadPlan reads it, once in each process.
func loadPlan[T any](out output, phase string) (*T, error) {
	return pipelines.Shared(out.Job, "ingest-"+phase, func() (*T, error) { return pipelines.LoadWork[T](out.Job, phase) })
}

// jsonFile is a file of JSON documents between the phases, a TFRecord each; it
// comes into being with the first.
type jsonFile struct {
	out  output
	name string
	f    *tfrecord.File
}

func (w *jsonFile) add(v any) (err error) {
	if w.f == nil {
		if w.f, err = tfrecord.CreateIn(w.out.Work(), w.name, tfrecord.Options{}); err != nil {
			return err
		}
	}
	data, err := json.Marshal(v)
	return errors.Join(err, w.f.Write(data))
}

// commit ends the file and says how many documents it has.
func (w *jsonFile) commit() (int64, error) {
	if w.f == nil {
		return 0, nil
	}
	if err := w.f.Commit(); err != nil {
		return 0, err
	}
	w.out.KeepWork(w.name, w.f)
	return w.f.Records(), nil
}

func (w *jsonFile) discard() {
	if w.f != nil {
		w.f.Discard()
	}
}

// eachJSON reads n documents of a file, which is not there where n is 0, after
// passing over some.
func eachJSON[T any](ctx context.Context, out output, name string, skip, n int64, do func(*T) error) error {
	if n == 0 {
		return nil
	}
	r, err := tfrecord.OpenIn(out.Work(), name, tfrecord.Options{Strict: true})
	if err != nil {
		return err
	}
	defer r.Close()
	if err := r.Skip(skip); err != nil {
		return err
	}
	for range n {
		if err := ctx.Err(); err != nil {
			return err
		}
		data, err := r.Next()
		if err != nil {
			return err
		}
		v := new(T)
		if err := errors.Join(json.Unmarshal(data, v), do(v)); err != nil {
			return err
		}
	}
	return nil
}
