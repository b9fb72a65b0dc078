package pipelines

import (
	"errors"
	"fmt"
	"iter"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/index"
	"github.com/retort-ml/retort/io/tfrecord"
)

// imageCarrier reads and writes indexes of images.
type imageCarrier struct{}

func (imageCarrier) kind() string { return kindName[Images]() }
func (imageCarrier) unit() string { return "images" }

func (imageCarrier) parts(in folder, perShard int64) []part {
	total := index.Count(IndexFiles(Artifact[Images](in)))
	parts := make([]part, (total+perShard-1)/perShard)
	n := int64(len(parts))
	for i := range n {
		parts[i] = part{index: int(i), count: int(n), from: total * i / n, to: total * (i + 1) / n}
	}
	return parts
}

func (imageCarrier) open(in folder, p part) (iter.Seq2[element, error], func()) {
	reader := &imagefile.Reader{}
	return func(yield func(element, error) bool) {
		for e, err := range ReferencesFrom(Artifact[Images](in), p.from, p.to) {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(&Image{Ref: e.Ref, Class: e.Class, notes: e.Notes, class: e.Class, reader: reader}, nil) {
				return
			}
		}
	}, func() { reader.Close() }
}

// imagePart is what a shard tells Run about the references it wrote.
type imagePart struct {
	Written   int64
	Relabeled bool // an image has another class than before
	Unsorted  bool // an image has another id than before
}

// imageSink writes the references that one shard emits. Bytes that a stage put
// in the place of a file's go into a tar beside them.
type imageSink struct {
	job  *Job
	part part
	refs *tfrecord.File
	name string // of refs
	pack *imagefile.Pack
	buf  []byte
	last *Image
	note imagePart
}

func (imageCarrier) create(job *Job, _ carrier, p part) (sink, error) {
	s := &imageSink{job: job, part: p, name: fmt.Sprintf("%s/index-%05d.tfrecord", shardsDir, p.index)}
	f, err := tfrecord.CreateIn(job, s.name, tfrecord.Options{})
	s.refs = f
	return s, err
}

func (s *imageSink) write(from, e element) error {
	m, ok := e.(*Image)
	switch {
	case !ok:
		return fmt.Errorf("the stage emitted a %T; want an image", e)
	case m == s.last:
		return errors.New("the stage emitted the image twice")
	case !m.replaced && e != from:
		return errors.New("the stage emitted an image that it was not given (emit the one it got, or one of NewImage)")
	}
	s.last = m
	if m.replaced {
		if err := s.keep(m); err != nil {
			return err
		}
	}
	s.note.Written++
	s.note.Relabeled = s.note.Relabeled || m.Class != m.class || e != from
	entry := m.entry()
	entry.Ref = s.job.Ref(entry.Ref)
	s.buf = index.AppendEntry(s.buf[:0], entry)
	return s.refs.Write(s.buf)
}

// keep stores the bytes of an image that has no file of its own.
func (s *imageSink) keep(m *Image) (err error) {
	if s.pack == nil {
		if s.pack, err = s.job.Pack(s.packName()); err != nil {
			return err
		}
	}
	m.URI, m.Offset, err = s.pack.Add(m.ID.String(), m.encoded)
	s.note.Unsorted = true
	return err
}

func (s *imageSink) packName() string {
	return fmt.Sprintf("images-%05d-of-%05d.tar", s.part.index, s.part.count)
}

func (s *imageSink) commit() error {
	if s.pack != nil {
		if err := s.pack.Commit(); err != nil {
			return err
		}
		if err := s.job.AddFile(s.packName(), s.pack.Records()); err != nil {
			return err
		}
	}
	if err := s.refs.Commit(); err != nil {
		return err
	}
	s.job.addWork(artifact.File{Name: s.name, Records: s.refs.Records(), Bytes: s.refs.Bytes(), CRC32C: s.refs.CRC32C()})
	return s.job.SetShardNote(s.note)
}

func (s *imageSink) discard() {
	s.refs.Discard()
	if s.pack != nil {
		s.pack.Discard()
	}
}
