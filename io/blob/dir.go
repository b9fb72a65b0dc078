package blob

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"iter"
	"path"
	"path/filepath"
	"strings"
)

// Dir is a place for files: a folder of this machine, or the part of a store
// below a name. It comes into being with its first file. As JSON it is its URL,
// so that another process finds the same place.
//
// A name of a file in it is slash-separated and never leads out of it.
type Dir struct {
	ctx   context.Context
	store Store
	name  string // in the store, without a slash at its end
	url   string // without its settings
	query string // the settings: "?endpoint=…", or ""
}

// Open is the place that a URL or a path names. The path of a folder is made
// absolute: it stays the same place wherever the program goes. Nothing is
// looked at.
func Open(url string) (Dir, error) {
	store, name, err := locate(url)
	if err != nil {
		return Dir{}, err
	}
	if _, ok := store.(local); ok {
		return Local(name), nil
	}
	plain, query := cutQuery(url)
	return Dir{context.Background(), store, strings.Trim(name, "/"), strings.TrimRight(plain, "/"), query}, nil
}

// Local is the folder of this machine at path.
func Local(path string) Dir {
	if abs, err := filepath.Abs(path); err == nil { // else it is found from where the program is
		path = abs
	}
	return Dir{context.Background(), local{}, path, path, ""}
}

// With is d, whose work ends when ctx does.
func (d Dir) With(ctx context.Context) Dir {
	d.ctx = ctx
	return d
}

// IsZero reports whether d is no place.
func (d Dir) IsZero() bool { return d.store == nil }

// String is the URL, or the path.
func (d Dir) String() string { return d.url + d.query }

// At is how people find the file name, or the place itself for "".
func (d Dir) At(name string) string {
	switch {
	case name == "" || name == ".":
		return d.String()
	case d.IsLocal():
		return filepath.Join(d.url, filepath.FromSlash(name))
	}
	return d.url + "/" + path.Clean(name) + d.query
}

// IsLocal reports whether the files are those of a folder of this machine.
func (d Dir) IsLocal() bool { _, ok := d.store.(local); return ok }

// IsRoot reports whether d is all of a store.
func (d Dir) IsRoot() bool { return !d.IsLocal() && d.name == "" }

// Base is the last part of the place's name.
func (d Dir) Base() string { return path.Base(filepath.ToSlash(d.url)) }

// In is the place inside d; "../x" is one beside it.
func (d Dir) In(name string) Dir {
	if d.IsLocal() {
		at := filepath.Join(d.name, filepath.FromSlash(name))
		return Dir{d.ctx, d.store, at, at, ""}
	}
	scheme, rest, _ := strings.Cut(d.url, "://")
	host, below, _ := strings.Cut(rest, "/")
	below = strings.TrimPrefix(path.Join("/", below, name), "/")
	return Dir{d.ctx, d.store, strings.TrimPrefix(path.Join("/", d.name, name), "/"), strings.TrimRight(scheme+"://"+host+"/"+below, "/"), d.query}
}

// Relative is how name, a URL or an absolute path, is found from d, with "../"
// where that is needed; ok is false where no way leads there.
func (d Dir) Relative(name string) (rel string, ok bool) {
	if d.IsLocal() != (Scheme(name) == "") {
		return "", false
	}
	if d.IsLocal() {
		rel, err := filepath.Rel(d.name, name)
		return filepath.ToSlash(rel), err == nil
	}
	from, fromHost := hostAndPath(d.url)
	name, query := cutQuery(name)
	to, toHost := hostAndPath(name)
	if fromHost != toHost || d.query != query {
		return "", false
	}
	rel, err := filepath.Rel("/"+from, "/"+to)
	return filepath.ToSlash(rel), err == nil
}

func hostAndPath(url string) (below, host string) {
	scheme, rest, _ := strings.Cut(url, "://")
	host, below, _ = strings.Cut(rest, "/")
	return below, scheme + "://" + host
}

// MarshalJSON writes the URL.
func (d Dir) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

// UnmarshalJSON opens what MarshalJSON wrote.
func (d *Dir) UnmarshalJSON(data []byte) error {
	var url string
	err := json.Unmarshal(data, &url)
	if err == nil {
		*d = Dir{}
		if url != "" {
			*d, err = Open(url)
		}
	}
	return err
}

// path is the name in the store of a file of d.
func (d Dir) path(name string) (string, error) {
	if d.store == nil {
		return "", errors.New("a file of no place")
	}
	if !fs.ValidPath(path.Clean(name)) {
		return "", &fs.PathError{Op: "open", Path: d.At(name), Err: fs.ErrInvalid}
	}
	if d.IsLocal() {
		return filepath.Join(d.name, filepath.FromSlash(name)), nil
	}
	return path.Join(d.name, name), nil
}

// Open opens a file.
func (d Dir) Open(name string) (File, error) {
	p, err := d.path(name)
	if err != nil {
		return nil, err
	}
	return d.store.Open(d.ctx, p)
}

// Create starts a file, which is there, whole, once it is committed.
func (d Dir) Create(name string) (Writer, error) { return d.create(name, Options{}) }

// CreateNew is Create for a file that must not be there: of several who create
// it one succeeds, and the others' Commit is fs.ErrExist.
func (d Dir) CreateNew(name string) (Writer, error) { return d.create(name, Options{Absent: true}) }

func (d Dir) create(name string, o Options) (Writer, error) {
	p, err := d.path(name)
	if err != nil {
		return nil, err
	}
	return d.store.Create(d.ctx, p, o)
}

// Stat says how large a file is.
func (d Dir) Stat(name string) (Info, error) {
	p, err := d.path(name)
	if err != nil {
		return Info{}, err
	}
	info, err := d.store.Stat(d.ctx, p)
	info.Name = name
	return info, err
}

// Exists reports whether a file is there.
func (d Dir) Exists(name string) (bool, error) {
	_, err := d.Stat(name)
	if IsAbsent(err) {
		return false, nil
	}
	return err == nil, err
}

// List yields the files below d whose names begin with prefix, in any order,
// those in folders too.
func (d Dir) List(prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		p, err := d.path(".")
		if err != nil {
			yield(Info{}, err)
			return
		}
		if p = strings.TrimSuffix(p, "/") + "/"; d.name == "" { // all of a store
			p = ""
		}
		for info, err := range d.store.List(d.ctx, p+prefix) {
			if err == nil {
				info.Name = strings.TrimPrefix(strings.TrimPrefix(filepath.ToSlash(info.Name), filepath.ToSlash(p)), "/")
			}
			if !yield(info, err) || err != nil {
				return
			}
		}
	}
}

// Remove deletes a file; one that is not there is no error.
func (d Dir) Remove(name string) error {
	p, err := d.path(name)
	if err != nil {
		return err
	}
	if err := d.store.Remove(d.ctx, p); !IsAbsent(err) {
		return err
	}
	return nil
}

// ReadFile is the content of a file.
func (d Dir) ReadFile(name string) ([]byte, error) {
	f, err := d.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data := make([]byte, f.Size())
	_, err = io.ReadFull(f, data)
	return data, err
}

// WriteFile writes a file, whole or not at all.
func (d Dir) WriteFile(name string, data []byte) error {
	return d.Write(name, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// Write calls fill with a writer to a file and commits it if fill succeeds.
func (d Dir) Write(name string, fill func(w io.Writer) error) error {
	w, err := d.Create(name)
	return filled(w, err, fill)
}

// filled fills and commits a file that was created, unless that failed.
func filled(w Writer, err error, fill func(w io.Writer) error) error {
	if err != nil {
		return err
	}
	defer w.Discard()
	if err := fill(w); err != nil {
		return err
	}
	return w.Commit()
}
