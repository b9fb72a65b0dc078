package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"strings"
	"sync"

	cdk "gocloud.dev/blob"
)

// bucket is a store of objects behind gocloud.dev/blob: one for a bucket of any
// platform. What platforms do in ways of their own is in their dialect.
type bucket struct {
	url   string // scheme://name
	query string // "?endpoint=…", or ""
	cdk   *cdk.Bucket
	dialect
	there  sync.Once // that the bucket is there is looked up once, when a file is not
	gone   error     // it is not
	leases leases
}

var _ interface {
	Store
	Placing
	Locking
} = (*bucket)(nil)

// dialect is what gocloud leaves to each platform. An as is what its hooks hand
// out, by which the platform's own request is reached.
type dialect struct {
	// pin makes a reading be of one version of an object.
	pin func(as func(any) bool, v version) error
	// write asks for the checks of a writing.
	write func(as func(any) bool, w *writing) error
	// remove makes a removal be of one version.
	remove func(as func(any) bool, v version) error
	// reading, attributes and listed are the version that was opened, looked at or listed.
	reading    func(as func(any) bool) version
	attributes func(as func(any) bool) version
	listed     func(as func(any) bool) string // its id, out of a listing
	// stored asks for the checksum of an object that went in parts, where writing does
	// not tell it; nil is that it does. One that is another writer's by now has none.
	stored func(ctx context.Context, as func(any) bool, w *writing) (version, error)
	// failed is the status and words of an answer that was no success.
	failed func(err error) (status int, code string)
	// needs names the permission that an operation takes, and a role that has it.
	needs map[string]string
}

// version is one content of an object.
type version struct {
	id     string // generation or ETag; "" is any
	crc    uint32 // CRC-32C of all its bytes
	hasCRC bool
	known  bool
}

// writing is what a writing asks of the platform, and what came of it.
type writing struct {
	over   version // the one version that it may replace, if known
	crc    uint32
	hasCRC bool           // crc is that of all bytes to come
	token  string         // of the writer, with the object under writerKey
	sentTo [2]string      // the platform's names of bucket and object, where stored needs them
	result func() version // of what was written, nil where the platform does not say
}

var buckets = struct {
	sync.Mutex
	open map[string]*bucket
}{open: map[string]*bucket{}}

// registerBuckets makes the buckets of a scheme a store. dial is called once for a
// bucket with the settings behind its '?'.
func registerBuckets(scheme string, d dialect, dial func(name string, query url.Values) (*cdk.Bucket, error)) {
	Register(scheme, func(rest string) (Store, string, error) {
		rest, query := cutSettings(rest)
		name, key, _ := strings.Cut(rest, "/")
		if name == "" {
			return nil, "", fmt.Errorf("no bucket; want %s://BUCKET/…", scheme)
		}
		buckets.Lock()
		defer buckets.Unlock()
		id := scheme + "://" + name + query
		if b := buckets.open[id]; b != nil {
			return b, key, nil
		}
		values, err := url.ParseQuery(strings.TrimPrefix(query, "?"))
		if err != nil {
			return nil, "", err
		}
		c, err := dial(name, values)
		if err != nil {
			return nil, "", err
		}
		b := &bucket{url: scheme + "://" + name, query: query, cdk: c, dialect: d}
		buckets.open[id] = b
		return b, key, nil
	})
}

// at is the URL of an object.
func (b *bucket) at(name string) string { return b.url + "/" + name + b.query }

// reader opens the bytes of an object from off on, length or (-1) all of them.
func (b *bucket) reader(ctx context.Context, name string, off, length int64, v version) (*cdk.Reader, error) {
	return b.cdk.NewRangeReader(ctx, name, off, length, &cdk.ReaderOptions{
		BeforeRead: func(as func(any) bool) error { return b.pin(as, v) },
	})
}

// Open opens an object: one request, whose bytes Read gives.
func (b *bucket) Open(ctx context.Context, name string) (File, error) {
	f := &bucketFile{b: b, ctx: ctx, name: name}
	r, err := b.reader(ctx, name, 0, -1, version{})
	if err != nil {
		return nil, b.problem(ctx, "read", name, err)
	}
	f.stream, f.size, f.version = r, r.Size(), b.reading(r.As)
	return f, nil
}

// Create starts an object: it is there when its one upload is committed.
func (b *bucket) Create(ctx context.Context, name string, o Options) (Writer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return b.writer(ctx, name, o, version{}), nil
}

// Stat says how large an object is.
func (b *bucket) Stat(ctx context.Context, name string) (Info, error) {
	info, _, err := b.stat(ctx, name)
	return info, err
}

func (b *bucket) stat(ctx context.Context, name string) (Info, *cdk.Attributes, error) {
	a, err := b.cdk.Attributes(ctx, name)
	if err != nil {
		return Info{}, nil, b.problem(ctx, "stat", name, err)
	}
	return Info{Name: name, Size: a.Size, ModTime: a.ModTime, Version: b.attributes(a.As).id}, a, nil
}

// List streams objects, a page of a thousand in memory.
func (b *bucket) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		for all := b.cdk.List(&cdk.ListOptions{Prefix: prefix}); ; {
			x, err := all.Next(ctx)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Info{}, b.problem(ctx, "list", prefix, err))
				return
			}
			if strings.HasSuffix(x.Key, "/") { // what consoles make for an empty folder
				continue
			}
			if !yield(Info{Name: x.Key, Size: x.Size, ModTime: x.ModTime, Version: b.listed(x.As)}, nil) {
				return
			}
		}
	}
}

// Remove deletes an object.
func (b *bucket) Remove(ctx context.Context, name string) error {
	return b.problem(ctx, "remove", name, b.cdk.Delete(ctx, name))
}
