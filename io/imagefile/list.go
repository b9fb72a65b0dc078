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
	"sort"
	"strings"

	"github.com/retort-ml/retort/internal/address"
)

// Entry is one image that a source names, not yet looked into.
type Entry struct {
	Name   string // slash-separated path inside the folder or archive
	URI    string // the file to read, or the archive
	Offset int64  // of the encoded bytes in URI; 0 for a plain file
	Length int64  // encoded bytes
	Class  string // name of the folder it lies in, or a list's label column; "" at the top
	Data   []byte // encoded bytes, for entries of compressed archives only: these cannot be read at an offset

	// Reason is not empty when the entry cannot be used at all; the caller
	// counts it as quarantined.
	Reason Reason
	Detail string
}

// ListOptions bounds a listing. The zero value has the defaults.
type ListOptions struct {
	// MaxBytes is the most encoded bytes that one image may have (default
	// 256 MiB); a larger one is an Entry with reason too-large.
	MaxBytes int64
	// Stats, if not nil, is kept up to date while the listing goes on.
	Stats *ListStats
}

// ListStats counts what a listing met.
type ListStats struct {
	Images  int64 // entries to decode
	Bad     int64 // entries with a Reason
	Skipped int64 // files that are no images (.txt, .DS_Store, …)
}

const defaultMaxBytes = 256 << 20

// List streams the images of the sources: first source first; within a folder
// sorted by name, an archive in its own order, a list line by line. The order
// is the same on every machine. Memory does not grow with the number of images,
// but for the names of the one folder (not tree) that is being read.
//
// A source is a folder (read recursively), a .tar, .tar.gz, .tgz or .tar.zst,
// a list of paths (.txt one a line; .csv with a column "path" or the first
// column), one image file, or a pattern with * ? [ ]. Archives inside folders
// are read too.
//
// An error ends the sequence: a source that is missing, empty or not what its
// name says, or an archive or list broken part-way. Single bad entries come as
// an Entry with a Reason.
func List(ctx context.Context, sources []string, opt ListOptions) iter.Seq2[Entry, error] {
	if opt.MaxBytes <= 0 {
		opt.MaxBytes = defaultMaxBytes
	}
	if opt.Stats == nil {
		opt.Stats = new(ListStats)
	}
	return func(yield func(Entry, error) bool) {
		l := &lister{ctx: ctx, opt: opt, yield: yield}
		if len(sources) == 0 {
			yield(Entry{}, errors.New("no image source given; want folders, .tar archives or lists of paths"))
			return
		}
		for _, source := range sources {
			if err := l.source(source); err != nil {
				if err != errStop {
					yield(Entry{}, err)
				}
				return
			}
		}
	}
}

// errStop says that the consumer wants no more.
var errStop = errors.New("stop")

type lister struct {
	ctx   context.Context
	opt   ListOptions
	yield func(Entry, error) bool
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
	source, err := address.Local(source)
	if err != nil {
		return fmt.Errorf("image source: %w", err)
	}
	paths := []string{source}
	if _, err := os.Lstat(source); errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(source, "*?[") {
		if paths, err = filepath.Glob(source); err != nil {
			return fmt.Errorf("image source %q: %w", source, err)
		}
		if len(paths) == 0 {
			return fmt.Errorf("image source %q: no file matches the pattern", source)
		}
		sort.Strings(paths)
	}
	for _, p := range paths {
		if err := l.path(p); err != nil {
			return err
		}
	}
	return nil
}

func (l *lister) path(p string) error {
	info, err := os.Stat(p)
	if err != nil {
		return fmt.Errorf("image source %s: %w; want a folder, a .tar, .tar.gz or .tar.zst, or a list of paths", p, cause(err))
	}
	before := *l.opt.Stats
	switch kind := archiveKind(p); {
	case info.IsDir():
		err = l.folder(p, "")
	case !info.Mode().IsRegular():
		return fmt.Errorf("image source %s: not a regular file or folder", p)
	case kind != notArchive:
		err = l.archive(p, "", kind)
	case isList(p):
		err = l.list(p)
	case imageName(p) || sniffFile(p):
		err = l.emit(Entry{Name: filepath.Base(p), URI: p, Length: info.Size()})
	default:
		return fmt.Errorf("image source %s: neither a folder, an archive (.tar, .tar.gz, .tgz, .tar.zst), a list (.txt, .csv) nor an image", p)
	}
	if err != nil {
		return err
	}
	if s := *l.opt.Stats; s.Images+s.Bad == before.Images+before.Bad {
		if isList(p) {
			return fmt.Errorf("image source %s: the list names no images; want the path of one in every line", p)
		}
		return fmt.Errorf("image source %s: no images found (other files there: %d); want %s files", p, s.Skipped-before.Skipped, Titles())
	}
	return nil
}

// cause strips the path that the message already names.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// class is the name of the folder that holds name, "" at the top.
func class(name string) string {
	dir := path.Dir(name)
	if dir == "." || dir == "/" {
		return ""
	}
	return path.Base(dir)
}
