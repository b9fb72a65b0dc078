// Package blob is where files rest: folders of this machine and stores behind
// a URL, through one door. What a run leaves is written and read through a
// [Dir]; whoever has one joins no paths and need not know where it lies.
//
//	dir, err := blob.Open("runs/flowers")   // or "mem://test/flowers"
//	w, err := dir.Create("views-00000.tfrecord")
//	...
//	defer w.Discard()
//	... w.Write(data) ...
//	return w.Commit()                       // whole, or not there at all
//
// A store is one file: a type with the five methods of [Store], registered
// under its scheme. It may also be a [Placing], an [Appending], a [Locking], a
// [Sweeping] or a [Clearing] one, where it has a better way than what this
// package does by those five.
package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/retort-ml/retort/internal/atomicfile"
)

// Store keeps files under names, of which '/' separates the parts. Its methods
// are safe for concurrent use. The error for a file that is not there is
// fs.ErrNotExist.
type Store interface {
	// Open opens a file.
	Open(ctx context.Context, name string) (File, error)
	// Create starts a file, which is there, whole, once it is committed.
	Create(ctx context.Context, name string, o Options) (Writer, error)
	// Stat says how large a file is.
	Stat(ctx context.Context, name string) (Info, error)
	// List yields the files whose names begin with prefix, in any order.
	List(ctx context.Context, prefix string) iter.Seq2[Info, error]
	// Remove deletes a file.
	Remove(ctx context.Context, name string) error
}

// File is a file open for reading: from its beginning, from any place on
// (Seek), or at several places at once (ReadAt).
type File interface {
	io.ReadSeekCloser
	io.ReaderAt
	Size() int64
	Name() string // with its folder, for messages
}

// Writer is a file being written. Exactly one of Commit and Discard ends it;
// Discard after Commit does nothing, so that it can be deferred.
type Writer interface {
	io.Writer
	Commit() error
	Discard()
}

// Options of a file that is created.
type Options struct {
	// Absent makes Commit fail, with fs.ErrExist, where there is a file of that
	// name: of several who create it one succeeds.
	Absent bool
}

// Info is what a store knows of a file without opening it.
type Info struct {
	Name    string // relative to where it was asked for
	Size    int64
	ModTime time.Time // zero where the store does not know
	Version string    // another one with every content, where the store has such; else ""
}

// opener makes the store of the URLs of one scheme. rest is what follows
// "scheme://"; name is what of it names files inside the store.
type opener func(rest string) (store Store, name string, err error)

var (
	mu      sync.Mutex
	schemes = map[string]opener{}
)

// Register makes the stores of a scheme ("gs") known. It is called from an init
// function of the file that has the store.
func Register(scheme string, open func(rest string) (store Store, name string, err error)) {
	mu.Lock()
	defer mu.Unlock()
	schemes[scheme] = open
}

// Schemes are those of the stores that this program knows.
func Schemes() []string {
	mu.Lock()
	defer mu.Unlock()
	return slices.Sorted(maps.Keys(schemes))
}

var address = regexp.MustCompile(`^([a-zA-Z][a-zA-Z0-9+.-]*)://`)

// Scheme is that of a URL ("gs" of gs://bucket/x), "" for a path.
func Scheme(url string) string {
	if m := address.FindStringSubmatch(url); m != nil {
		return strings.ToLower(m[1])
	}
	return ""
}

// settings are what may stand behind the '?' of a URL. Anything else there is part
// of a name: objects may be called "what?.jpg".
var settings = regexp.MustCompile(`\?(?:(?:anonymous|universe_domain|region|endpoint|profile|role|use_path_style|disable_https|dualstack|fips|accelerate|ssetype|kmskeyid|request_checksum_calculation|response_checksum_validation)=[^&?]*(?:&|$))+$`)

// CutSettings parts a URL of a store from its settings, which begin with '?'.
func CutSettings(url string) (plain, query string) { return cutQuery(url) }

func cutQuery(url string) (plain, query string) {
	if Scheme(url) == "" {
		return url, ""
	}
	return cutSettings(url)
}

func cutSettings(rest string) (plain, query string) {
	if at := settings.FindStringIndex(rest); at != nil {
		return rest[:at[0]], rest[at[0]:]
	}
	return rest, ""
}

// locate finds the store of a URL or path, and the name in it.
func locate(url string) (Store, string, error) {
	scheme := Scheme(url)
	if scheme == "" {
		return local{}, url, nil
	}
	mu.Lock()
	open := schemes[scheme]
	mu.Unlock()
	if open == nil {
		return nil, "", fmt.Errorf("%s: this program has no store %q (want a path of this machine, or one of %s://…)", url, scheme+"://", strings.Join(Schemes(), "://…, "))
	}
	store, name, err := open(url[len(scheme)+len("://"):])
	if err != nil {
		plain, _ := cutQuery(url)
		return nil, "", fmt.Errorf("%s: %w", plain, err)
	}
	return store, name, nil
}

// OpenFile opens the one file that a URL or a path names.
func OpenFile(url string) (File, error) {
	store, name, err := locate(url)
	if err != nil {
		return nil, err
	}
	return store.Open(context.Background(), name)
}

// CreateFile starts the one file that a URL or a path names. The folder of a path
// must exist.
func CreateFile(url string) (Writer, error) {
	store, name, err := locate(url)
	if err != nil {
		return nil, err
	}
	if _, ok := store.(local); ok {
		return atomicfile.Create(name)
	}
	return store.Create(context.Background(), name, Options{})
}

// ReadFile is the content of the one file that a URL or a path names.
func ReadFile(url string) ([]byte, error) {
	f, err := OpenFile(url)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// WriteFile calls fill with a writer to the one file that a URL or a path names, and
// commits it if fill succeeds: the file is whole or not there.
func WriteFile(url string, fill func(w io.Writer) error) error {
	w, err := CreateFile(url)
	return filled(w, err, fill)
}

// Opener has files to read: a Dir, and who hands out the files of one.
type Opener interface {
	Open(name string) (File, error)
}

// Creator takes files.
type Creator interface {
	Create(name string) (Writer, error)
}

// Placer takes files whose parts are written in any order.
type Placer interface {
	CreatePlaced(name string) (PlacedWriter, error)
}

// IsAbsent reports whether err says that there is no such file.
func IsAbsent(err error) bool { return errors.Is(err, fs.ErrNotExist) }
