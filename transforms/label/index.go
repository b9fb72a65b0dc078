package label

import (
	"errors"
	"fmt"
	"io"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/tfrecord"
	"github.com/retort-ml/retort/pipelines"
)

// Key is what a target is found by.
type Key struct {
	ID   imagefile.ID
	Pass int
	View int
}

func (k Key) String() string { return fmt.Sprintf("image %s pass %d view %d", k.ID, k.Pass, k.View) }

// MissingError says that a teacher never labelled a view.
type MissingError struct {
	Key
	Dir     string // the targets' folder
	Teacher string // fingerprint
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("%s: there is no target of %s by teacher %.12s: these targets are of other views (label the views that the student is to see)", e.Dir, e.Key, e.Teacher)
}

// Index finds targets by their keys, in whatever order and files they lie. It
// holds where they lie, not the targets: about 100 bytes each. It is safe for
// concurrent use.
type Index struct {
	from    blob.Opener
	where   string
	teacher string
	names   []string
	files   []blob.File // nil beyond the first mostOpen: these are opened for each target
	at      map[Key]place
}

// mostOpen is how many files stay open: a process may have 1,024 on many systems.
const mostOpen = 256

// place is where a record's data lie.
type place struct {
	offset int64
	length int32
	file   int32
}

// recordHeader is the size of what precedes a record's data.
const recordHeader = 12

// OpenIndex reads all targets of an artifact once and makes sure that each is the
// teacher's and none is there twice. The caller closes it.
func OpenIndex(a pipelines.Artifact[pipelines.Targets], teacher string) (*Index, error) {
	return openIndex(a, a.At(""), a.Files("targets"), teacher)
}

func openIndex(from blob.Opener, where string, files []artifact.File, teacher string) (*Index, error) {
	x := &Index{from: from, where: where, teacher: teacher, at: map[Key]place{}}
	for _, f := range files {
		if err := x.add(f.Name); err != nil {
			x.Close()
			return nil, err
		}
	}
	return x, nil
}

func (x *Index) add(name string) error {
	f, err := x.from.Open(name)
	if err != nil {
		return err
	}
	x.names = append(x.names, name)
	if len(x.files) < mostOpen {
		x.files = append(x.files, f)
	} else {
		x.files = append(x.files, nil)
		defer f.Close()
	}
	path := f.Name()
	r := tfrecord.NewReader(f, tfrecord.Options{Strict: true, Path: path})
	defer r.Close()
	var t Target
	for rec, err := range r.All() {
		if err != nil {
			return err
		}
		if r.Compression() != tfrecord.None {
			return fmt.Errorf("%s is compressed (%s): targets that lie in another order than their views must not be", path, r.Compression())
		}
		if err := t.Decode(rec); err != nil {
			return fmt.Errorf("%s: record %d: %w", path, r.Position().Record, err)
		}
		if err := x.note(&t, place{r.Position().Offset + recordHeader, int32(len(rec)), int32(len(x.files) - 1)}); err != nil {
			return fmt.Errorf("%s: record %d: %w", path, r.Position().Record, err)
		}
	}
	return nil
}

func (x *Index) note(t *Target, at place) error {
	if t.Teacher != x.teacher {
		return fmt.Errorf("the target of %s is by teacher %.12s, not by %.12s (run the label stage again)", t.Key, t.Teacher, x.teacher)
	}
	if _, twice := x.at[t.Key]; twice {
		return fmt.Errorf("%s has two targets (run the label stage again)", t.Key)
	}
	x.at[t.Key] = at
	return nil
}

// Count is how many targets there are of one view of the records.
func (x *Index) Count(view int) (n int64) {
	for k := range x.at {
		if k.View == view {
			n++
		}
	}
	return n
}

// Find reads the target of k into t, or returns a *MissingError.
func (x *Index) Find(k Key, t *Target) error {
	p, ok := x.at[k]
	if !ok {
		return &MissingError{k, x.where, x.teacher}
	}
	f := x.files[p.file]
	if f == nil {
		var err error
		if f, err = x.from.Open(x.names[p.file]); err != nil {
			return err
		}
		defer f.Close()
	}
	data := make([]byte, p.length)
	if _, err := f.ReadAt(data, p.offset); err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("the file became shorter while it was read")
		}
		return fmt.Errorf("%s: %w", f.Name(), err)
	}
	return t.Decode(data)
}

// Close closes the files.
func (x *Index) Close() {
	for _, f := range x.files {
		if f != nil {
			f.Close()
		}
	}
}
