package pipelines

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/index"
	"github.com/retort-ml/retort/io/tfrecord"
)

// Stages reach files through their job alone, and join no paths: where an
// artifact lies, on a disk or in a store, is the job's business.

// Open opens a data file of the artifact.
func (a Artifact[T]) Open(name string) (blob.File, error) { return a.dir.Open(name) }

// ReadFile is the content of a data file of the artifact.
func (a Artifact[T]) ReadFile(name string) ([]byte, error) { return a.dir.ReadFile(name) }

// At is how people find a file of the artifact, or its folder for "".
func (a Artifact[T]) At(name string) string { return a.dir.At(name) }

// Place is the path or URL of the image file that a URI names which a file of the
// artifact holds.
func (a Artifact[T]) Place(uri string) string {
	return imagefile.Place(imagefile.FromArtifact(uri, a.dir))
}

// Ref is a reference to an image that a file of the artifact holds (see
// [Job.Ref]), as imagefile.Reader reads it.
func (a Artifact[T]) Ref(r imagefile.Ref) imagefile.Ref {
	r.URI = imagefile.FromArtifact(r.URI, a.dir)
	return r
}

// LoadArtifact opens the finished artifact in the folder at a path or URL.
func LoadArtifact[T any](url string) (Artifact[T], error) {
	dir, err := blob.Open(url)
	if err != nil {
		return Artifact[T]{}, err
	}
	m, err := artifact.Load(dir)
	if err != nil {
		return Artifact[T]{}, err
	}
	if want := kindName[T](); want != kindName[None]() && m.Kind != want {
		return Artifact[T]{}, fmt.Errorf("%s is an artifact of kind %s; want %s", dir, m.Kind, want)
	}
	return Artifact[T]{Manifest: m, dir: dir}, nil
}

// Create starts a data file of the artifact being made: it is there, whole, once
// it is committed, and part of the artifact by AddFile or AddDescribed.
func (j *Job) Create(name string) (blob.Writer, error) { return j.task.Dir.Create(name) }

// CreatePlaced is Create for a file whose parts are written in any order.
func (j *Job) CreatePlaced(name string) (blob.PlacedWriter, error) {
	return j.task.Dir.CreatePlaced(name)
}

// WriteFile writes a data file, whole or not at all, and adds it.
func (j *Job) WriteFile(name string, data []byte) error {
	if err := j.task.Dir.WriteFile(name, data); err != nil {
		return err
	}
	return j.AddFile(name, 0)
}

// At is how people find a file of the artifact being made.
func (j *Job) At(name string) string { return j.task.Dir.At(name) }

// Folder is a place of the stage's own beside the data, for what a manifest does
// not list: work that an interrupted run goes on from, or what tells of the work.
// "." is the artifact's own folder.
func (j *Job) Folder(name string) blob.Dir { return j.task.Dir.In(name) }

// Index starts an index of total images of the artifact being made; shards are
// named prefix-00000-of-00003.tfrecord. What its Close returns is for AddDescribed.
func (j *Job) Index(prefix string, total int64) *index.Writer {
	return index.NewWriter(j.task.Dir, prefix, total)
}

// IndexShard starts one shard of an index, for all references that belong to it:
// those from shard * index.ShardRecords on.
func (j *Job) IndexShard(prefix string, total int64, shard int) *index.Writer {
	return index.NewShardWriter(j.task.Dir, prefix, total, shard)
}

// Pack starts a tar of encoded images inside the artifact being made.
func (j *Job) Pack(name string) (*imagefile.Pack, error) {
	return imagefile.CreatePack(j.task.Dir, name)
}

// Ref is a reference to an image as it may rest in a file of the artifact being
// made: it holds wherever the run's folder goes.
func (j *Job) Ref(r imagefile.Ref) imagefile.Ref {
	r.URI = imagefile.ToArtifact(r.URI, j.task.Dir)
	return r
}

// Work is a place for what a phase leaves for those that follow and for Run. It is
// there again after an interruption, and gone when the artifact is finished.
func (j *Job) Work() blob.Dir { return j.task.Dir.In(workDir) }

// AddWork tells of a file in Work that a shard committed: if it is lost or changed,
// the shard is done again by the run after an interruption. The file's name is
// relative to Work.
func (j *Job) AddWork(f artifact.File) {
	f.Name = workDir + "/" + f.Name
	j.addWork(f)
}

// WorkWriter writes a file of records in Work. A shard that Keep was called for is not
// done again while the file is as it was.
type WorkWriter struct {
	*tfrecord.File
	job  *Job
	name string
}

// CreateWork starts a file of records in Work. The caller keeps or discards it.
func CreateWork(j *Job, name string) (*WorkWriter, error) {
	f, err := tfrecord.CreateIn(j.Work(), name, tfrecord.Options{})
	return &WorkWriter{f, j, name}, err
}

// Keep commits the file and tells of it, as AddWork does.
func (w *WorkWriter) Keep() error {
	if err := w.Commit(); err != nil {
		return err
	}
	w.job.KeepWork(w.name, w.File)
	return nil
}

// KeepWork is AddWork of a file of records that was committed.
func (j *Job) KeepWork(name string, f *tfrecord.File) {
	j.AddWork(artifact.File{Name: name, Records: f.Records(), Bytes: f.Bytes(), CRC32C: f.CRC32C()})
}

// EachWork hands the records of a file in Work to do, which must not keep them.
func EachWork(ctx context.Context, j *Job, name string, do func(record []byte) error) error {
	r, err := tfrecord.OpenIn(j.Work(), name, tfrecord.Options{Strict: true})
	if blob.IsAbsent(err) {
		return fmt.Errorf("%w (it was removed while the stage worked: run again)", err)
	}
	if err != nil {
		return err
	}
	defer r.Close()
	for record, err := range r.All() {
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		if err := do(record); err != nil {
			return fmt.Errorf("%s: %w", j.Work().At(name), err)
		}
	}
	return nil
}

// SaveWork leaves a value in Work, as JSON under a name: what a phase decided.
func (j *Job) SaveWork(name string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return j.Work().WriteFile(name+".json", data)
}

// HasWork reports whether SaveWork left something under a name.
func (j *Job) HasWork(name string) (bool, error) { return j.Work().Exists(name + ".json") }

// LoadWork is what SaveWork left under a name.
func LoadWork[T any](j *Job, name string) (*T, error) {
	data, err := j.Work().ReadFile(name + ".json")
	if err != nil {
		return nil, err
	}
	v := new(T)
	return v, json.Unmarshal(data, v)
}

const scratchDir = ".scratch"

// Scratch is an empty folder of this machine for temporary files, on the disk of
// the artifact where that is one of this machine. It goes with remove, or with
// whatever runs next after a crash. Elsewhere what it takes is to be counted by
// blob.Scratch: that disk has a bound.
func (j *Job) Scratch(name string) (dir string, remove func(), err error) {
	if !j.task.Dir.IsLocal() {
		dir, err = os.MkdirTemp("", "retort-"+name+"-*")
		return dir, func() { os.RemoveAll(dir) }, err
	}
	if j.task.Detached { // another attempt may be at its end still: each has its own
		dir = j.task.Dir.At(scratchDir)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return "", nil, err
		}
		dir, err = os.MkdirTemp(dir, name+"-")
		return dir, func() { os.RemoveAll(dir) }, err
	}
	dir = j.task.Dir.At("." + name)
	if err := os.RemoveAll(dir); err != nil {
		return "", nil, err
	}
	return dir, func() { os.RemoveAll(dir) }, os.MkdirAll(dir, 0o755)
}

// Past is a finished artifact that a run goes back to.
type Past struct {
	Artifact[None]
	Timings artifact.Timings
}

// Past are the artifacts that the job's inputs came from, and those that these
// came from, by the names of their stages. One that lies elsewhere by now, or was
// made anew since, is not among them.
func (j *Job) Past() map[string]Past {
	found := map[string]Past{}
	var visit func(inputs map[string]string)
	visit = func(inputs map[string]string) {
		for _, stage := range SortedKeys(inputs) {
			dir, known := j.task.Past[stage]
			if _, done := found[stage]; done || !known {
				continue
			}
			m, err := artifact.Load(dir)
			if err != nil || m.Fingerprint != inputs[stage] {
				continue
			}
			found[stage] = Past{Artifact[None]{Manifest: m, dir: dir}, artifact.LoadTimings(dir)}
			visit(m.Inputs)
		}
	}
	visit(j.task.Inputs)
	return found
}

// References yields all references of an Images artifact, sorted by image id.
func References(a Artifact[Images]) iter.Seq2[index.Entry, error] {
	return ReferencesFrom(a, 0, index.Count(IndexFiles(a)))
}

// ReferencesFrom yields those from number from up to, not including, to.
func ReferencesFrom(a Artifact[Images], from, to int64) iter.Seq2[index.Entry, error] {
	return index.Read(a.dir, IndexFiles(a), from, to)
}

// ReferencesOf yields those of them that are wanted, by their numbers.
func ReferencesOf(a Artifact[Images], from, to int64, want func(number int64) bool) iter.Seq2[index.Entry, error] {
	return index.ReadSome(a.dir, IndexFiles(a), from, to, want)
}

// ReferencesBetween are References with ids from first to last.
func ReferencesBetween(a Artifact[Images], first, last imagefile.ID) iter.Seq2[index.Entry, error] {
	return index.ReadBetween(a.dir, IndexFiles(a), first, last)
}
