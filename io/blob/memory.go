package blob

import (
	"bytes"
	"context"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"
)

// mem://NAME/… is a store in this process's memory, empty at its beginning and
// gone at its end. It has no ability beyond those of Store, so that what runs on
// it runs on any store.
func init() {
	var (
		mu     sync.Mutex
		stores = map[string]*memory{}
	)
	Register("mem", func(rest string) (Store, string, error) {
		host, name, _ := strings.Cut(rest, "/")
		mu.Lock()
		defer mu.Unlock()
		if stores[host] == nil {
			stores[host] = &memory{url: "mem://" + host + "/", files: map[string]object{}}
		}
		return stores[host], name, nil
	})
}

type memory struct {
	url   string
	mu    sync.RWMutex
	files map[string]object
}

type object struct {
	data []byte // never changed
	at   time.Time
}

func (m *memory) absent(op, name string) error {
	return &fs.PathError{Op: op, Path: m.url + name, Err: fs.ErrNotExist}
}

func (m *memory) find(op, name string) (object, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	o, ok := m.files[name]
	if !ok {
		return o, m.absent(op, name)
	}
	return o, nil
}

// Open opens a file.
func (m *memory) Open(ctx context.Context, name string) (File, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	o, err := m.find("open", name)
	if err != nil {
		return nil, err
	}
	return memoryFile{bytes.NewReader(o.data), m.url + name}, nil
}

type memoryFile struct {
	*bytes.Reader
	name string
}

func (f memoryFile) Name() string { return f.name }
func (f memoryFile) Close() error { return nil }

// Create starts a file.
func (m *memory) Create(ctx context.Context, name string, o Options) (Writer, error) {
	return &memoryWriter{ctx: ctx, store: m, name: name, options: o}, ctx.Err()
}

type memoryWriter struct {
	bytes.Buffer
	ctx     context.Context
	store   *memory
	name    string
	options Options
	done    bool
}

func (w *memoryWriter) Commit() error {
	if w.done {
		return fs.ErrClosed
	}
	w.done = true
	if err := w.ctx.Err(); err != nil {
		return err
	}
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	if _, there := w.store.files[w.name]; there && w.options.Absent {
		return &fs.PathError{Op: "create", Path: w.store.url + w.name, Err: fs.ErrExist}
	}
	w.store.files[w.name] = object{w.Bytes(), time.Now()}
	return nil
}

func (w *memoryWriter) Discard() { w.done = true }

// Stat says how large a file is.
func (m *memory) Stat(_ context.Context, name string) (Info, error) {
	o, err := m.find("stat", name)
	return Info{name, int64(len(o.data)), o.at, ""}, err
}

// List yields files by name.
func (m *memory) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		m.mu.RLock()
		var all []Info
		for name, o := range m.files {
			if strings.HasPrefix(name, prefix) {
				all = append(all, Info{name, int64(len(o.data)), o.at, ""})
			}
		}
		m.mu.RUnlock()
		slices.SortFunc(all, func(a, b Info) int { return strings.Compare(a.Name, b.Name) })
		for _, info := range all {
			if err := ctx.Err(); err != nil {
				yield(Info{}, err)
				return
			}
			if !yield(info, nil) {
				return
			}
		}
	}
}

// Remove deletes a file.
func (m *memory) Remove(_ context.Context, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.files[name]; !ok {
		return m.absent("remove", name)
	}
	delete(m.files, name)
	return nil
}
