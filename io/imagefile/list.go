package imagefile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"

	store "github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/tfrecord"
)

// Entry is one image that a source names, not yet looked into.
type Entry struct {
	Name   string // slash-separated path inside the folder or archive
	URI    string // the file to read, or the archive
	Offset int64  // of the encoded bytes in URI; 0 for a plain file
	Length int64  // encoded bytes
	Class  string // name of the folder it lies in, or its label where the source has one; "" at the top
	Folder string // of the class, inside the source or archive, where Class is the name of a folder; "" where it is a label
	Data   []byte // encoded bytes, for entries of compressed archives only: these cannot be read at an offset
	CRC    uint32 // CRC-32 (IEEE) of the encoded bytes, where the archive tells it; 0 where it is not known

	// Unlabelled says that the source itself leaves the image without a label: it
	// has labels for others, or is the part of a known data set that has none.
	Unlabelled bool

	// Row is the row of a list that names the image, as FILE:LINE; "" if none does.
	Row string

	// Reason is not empty when the entry cannot be used at all; the caller
	// counts it as quarantined.
	Reason Reason
	Detail string

	// Closed is an archive or a file of records that ListOptions.Closed left closed;
	// the entry is no image then, and has nothing else.
	Closed *Closed
}

// ListOptions bounds a listing. The zero value has the defaults.
type ListOptions struct {
	// MaxBytes is the most encoded bytes that one image may have (default
	// 256 MiB); a larger one is an Entry with reason too-large.
	MaxBytes int64
	// Several says that the sources are some of several: archives named after
	// their classes are recognised by that.
	Several bool
	// Closed leaves archives and files of records closed: each comes as an Entry of
	// its own, in its place, and ListClosed lists it.
	Closed bool
	// Note, if not nil, is told what a person should know of how lists were read.
	Note func(string)
	// Stats, if not nil, is kept up to date while the listing goes on.
	Stats *ListStats
}

// ListStats counts what a listing met.
type ListStats struct {
	Images  int64  // entries to decode
	Bad     int64  // entries with a Reason
	Skipped int64  // files and folders that were passed over (.txt, .DS_Store, …)
	Passed  Passed // the same by kind

	Sidecars  int64 // files that label the image beside them
	Records   int64 // images out of TFRecord files
	ByArchive int64 // images whose class is the name of their archive
	Again     int64 // images of an archive under a name that one before them in it has

	Shards Shards // of the sets of TFRecord files whose images are listed
}

const defaultMaxBytes = 256 << 20

// List streams the images of the sources: first source first; within a folder
// sorted by name, an archive in its own order, a list line by line. The order
// is the same on every machine. Memory does not grow with the number of images,
// but for the names of the one folder (not tree) that is being read, the
// directory of a zip, and 8 bytes an image of an archive, by which names that come
// again are seen.
//
// A source is a folder (read recursively, through links), an archive (.tar, plain
// or compressed by gzip, bzip2, xz or zstd; .zip), a file of TFRecords with
// encoded images, a list or table of paths (see package table), one image file, or a pattern with * ? [ ]. Archives and
// TFRecords inside folders and archives are read too. What systems and tools
// leave behind is passed over.
//
// An error ends the sequence: a source that is missing, empty or not what its
// name says, or an archive or list broken part-way. Single bad entries come as
// an Entry with a Reason.
func List(ctx context.Context, sources []string, opt ListOptions) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		l := newLister(ctx, opt, yield)
		if len(sources) == 0 {
			yield(Entry{}, errors.New("no image source given; want folders, archives or lists of paths"))
			return
		}
		for _, source := range sources {
			l.alone = len(sources) == 1 && !opt.Several
			if err := l.source(source); err != nil {
				if err != errStop {
					yield(Entry{}, err)
				}
				return
			}
		}
	}
}

func newLister(ctx context.Context, opt ListOptions, yield func(Entry, error) bool) *lister {
	if opt.MaxBytes <= 0 {
		opt.MaxBytes = defaultMaxBytes
	}
	if opt.Stats == nil {
		opt.Stats = new(ListStats)
	}
	return &lister{ctx: ctx, opt: opt, yield: yield, hints: new(int), closed: new(int64)}
}

// errStop says that the consumer wants no more.
var errStop = errors.New("stop")

type lister struct {
	ctx   context.Context
	opt   ListOptions
	yield func(Entry, error) bool

	alone  bool   // the path that is being read is the only one
	hints  *int   // given for missing files
	closed *int64 // archives that were left closed
}

// emit hands one entry to the consumer.
func (l *lister) emit(e Entry) error {
	if err := l.ctx.Err(); err != nil {
		return err
	}
	if e.Reason == "" && e.Length > l.opt.MaxBytes {
		e.Reason, e.Detail = TooLarge, fmt.Sprintf("%d encoded bytes, more than %d", e.Length, l.opt.MaxBytes)
		e.Data = nil
	}
	if e.Reason == "" {
		l.opt.Stats.Images++
	} else {
		l.opt.Stats.Bad++
	}
	if !l.yield(e, nil) {
		return errStop
	}
	return nil
}

// source lists one source, expanding a pattern.
func (l *lister) source(source string) error {
	paths, err := matches(source)
	if err != nil {
		return err
	}
	for _, p := range paths {
		l.alone = len(paths) == 1 && l.alone
		if err := l.path(p); err != nil {
			return err
		}
	}
	return nil
}

func (l *lister) path(p string) error {
	if store.Scheme(p) != "" {
		return l.remote(p)
	}
	info, err := os.Stat(p)
	if err != nil {
		return fmt.Errorf("image source %s: %w; want a folder, an archive (%s) or a list of paths", p, cause(err), ArchiveNames)
	}
	before, closed := *l.opt.Stats, *l.closed
	switch {
	case info.IsDir():
		err = l.folder(p, "", []fs.FileInfo{info}, nil)
	case !info.Mode().IsRegular():
		return fmt.Errorf("image source %s: not a regular file or folder", p)
	case isList(p):
		err = l.list(p)
	default:
		err = l.single(p, info)
	}
	if err != nil {
		return err
	}
	if s := l.opt.Stats; s.Images+s.Bad == before.Images+before.Bad && *l.closed == closed {
		return l.opt.Stats.Nothing(p, s.Skipped-before.Skipped)
	}
	return nil
}

// single lists a file that is a source by itself: by its name or, failing that,
// by its first bytes.
func (l *lister) single(p string, info fs.FileInfo) error {
	switch {
	case isArchive(p):
		return l.archive(p, "", l.namesake(p))
	case tfrecord.IsName(filepath.Base(p)):
		return l.recordFile(p, filepath.Base(p), true)
	case imageName(p) || sniffFile(p):
		return l.emit(Entry{Name: filepath.Base(p), URI: p, Length: info.Size()})
	case foreignArchive(p) != "":
		ext := foreignArchive(p)
		return fmt.Errorf("image source %s: an archive of a kind that is not read (%s); unpack it (%s) and name the folder", p, ext, foreignArchives[ext])
	}
	switch head := readHead(p); {
	case archiveMagic(head):
		return l.archive(p, "", l.namesake(p))
	case tfrecord.Sniff(head, p):
		return l.recordFile(p, filepath.Base(p), true)
	}
	return fmt.Errorf("image source %s: neither a folder, an archive (%s), a file of TFRecords, a list (.txt, .csv) nor an image", p, ArchiveNames)
}

// namesake is the class of the images of an archive that lie in no folder: its
// name, where there is one archive a class.
func (l *lister) namesake(p string) string {
	if s := stem(p); !l.alone && !shardLike(s) {
		return s
	}
	return ""
}

// Nothing is the error of a path without images, of whose files so many were
// passed over.
func (s *ListStats) Nothing(p string, skipped int64) error {
	switch what := s.Passed.String(); {
	case isList(p):
		return fmt.Errorf("image source %s: the list names no images; want the path of one in every line", p)
	case skipped > 0:
		return fmt.Errorf("image source %s: no images found (other files there: %d; passed over: %s); want %s files", p, skipped, what, Titles())
	}
	return fmt.Errorf("image source %s: no images found (other files there: 0); want %s files", p, Titles())
}

// cause strips the path that the message already names.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// place says that an image belongs to the class of a folder.
func (e *Entry) place(folder string) {
	e.Class, e.Folder = "", folder
	e.Class = folder[strings.LastIndexByte(folder, '/')+1:]
}

// labelled gives an image a label of its own.
func (e *Entry) labelled(label string) { e.Class, e.Folder = label, "" }

// folderOf is the folder that holds name, a clean path; "" at the top.
func folderOf(name string) string {
	if at := strings.LastIndexByte(name, '/'); at > 0 {
		return name[:at]
	}
	return ""
}

// class is the name of the folder that holds name, "" at the top.
func class(name string) string {
	if dir := folderOf(name); dir != "" {
		return path.Base(dir)
	}
	return ""
}
