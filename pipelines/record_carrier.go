package pipelines

import (
	"context"
	"errors"
	"iter"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/tfrecord"
)

// recordCarrier reads and writes TFRecord shards of Examples. A stage from a
// kind to the same kind leaves one file for each that it reads, under its name.
type recordCarrier[K any] struct{}

func (recordCarrier[K]) kind() string { return kindName[K]() }
func (recordCarrier[K]) unit() string { return "records" }

func (recordCarrier[K]) parts(in folder, _ int64) []part {
	files := recordFiles(in)
	parts := make([]part, len(files))
	var at int64
	for i, f := range files {
		parts[i] = part{index: i, count: len(files), file: f.Name, from: at, to: at + f.Records}
		at += f.Records
	}
	return parts
}

func (recordCarrier[K]) open(in folder, p part) (iter.Seq2[element, error], func()) {
	return func(yield func(element, error) bool) {
		err := readRecords(in.dir, p.file, true, func(r *Record[K]) error {
			if !yield(r, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(nil, err)
		}
	}, func() {}
}

type recordSink struct {
	job  *Job
	name string
	f    *tfrecord.File
}

func (c recordCarrier[K]) create(job *Job, from carrier, p part) (sink, error) {
	name := tfrecord.Shard{Name: c.kind(), Index: p.index, Count: p.count}.String()
	if from == carrier(c) {
		name = p.file
	}
	f, err := tfrecord.CreateIn(job, name, tfrecord.Options{})
	return &recordSink{job, name, f}, err
}

func (s *recordSink) write(_, e element) error {
	r, ok := e.(encoded)
	if !ok || len(r.bytes()) == 0 {
		return errors.New("the stage emitted an empty record")
	}
	return s.f.Write(r.bytes())
}

func (s *recordSink) commit() error {
	if err := s.f.Commit(); err != nil {
		return err
	}
	s.job.AddDescribed(artifact.File{Name: s.name, Records: s.f.Records(), Bytes: s.f.Bytes(), CRC32C: s.f.CRC32C()})
	return nil
}

func (s *recordSink) discard() { s.f.Discard() }

// finish hands the meta part on, where the kind stays the same.
func (c recordCarrier[K]) finish(_ context.Context, from carrier, in folder, job *Job) error {
	if from == carrier(c) && len(in.Manifest.Meta) > 0 {
		return job.SetMeta(in.Manifest.Meta)
	}
	return nil
}
