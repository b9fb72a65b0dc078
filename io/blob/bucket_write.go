package blob

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"

	cdk "gocloud.dev/blob"

	"github.com/retort-ml/retort/internal/crc32c"
)

// together is up to how many bytes an object is sent in one request, whose
// checksum is known before it is sent; larger ones go in parts of that size.
const together = 8 << 20

// writerKey holds, with an object, which writer made it: when an answer got lost,
// a writer meets its own object.
const writerKey = "retort-writer"

type bucketWriter struct {
	ctx    context.Context
	cancel context.CancelFunc
	b      *bucket
	name   string
	absent bool
	writing
	whole []byte      // what came so far, until parts are sent
	w     *cdk.Writer // of the parts
	size  int64
	done  bool
}

func (b *bucket) writer(ctx context.Context, name string, o Options, over version) *bucketWriter {
	w := &bucketWriter{b: b, name: name, absent: o.Absent, writing: writing{over: over, token: rand.Text()}}
	w.ctx, w.cancel = context.WithCancel(ctx)
	return w
}

func (w *bucketWriter) Write(p []byte) (int, error) {
	if w.done {
		return 0, fs.ErrClosed
	}
	w.crc, w.size = crc32c.Update(w.crc, p), w.size+int64(len(p))
	if w.w == nil {
		if len(w.whole)+len(p) <= together {
			w.whole = append(w.whole, p...)
			return len(p), nil
		}
		if err := w.start(); err != nil {
			return 0, w.b.problem(w.ctx, "write", w.name, err)
		}
		w.whole = nil
	}
	n, err := w.w.Write(p)
	return n, w.b.problem(w.ctx, "write", w.name, err)
}

// start begins the upload with what came so far.
func (w *bucketWriter) start() (err error) {
	o := &cdk.WriterOptions{
		BufferSize: together, MaxConcurrency: 2, ContentType: "application/octet-stream", IfNotExist: w.absent,
		Metadata:    map[string]string{writerKey: w.token},
		BeforeWrite: func(as func(any) bool) error { return w.b.write(as, &w.writing) },
	}
	if w.w, err = w.b.cdk.NewWriter(w.ctx, w.name, o); err != nil {
		return err
	}
	_, err = w.w.Write(w.whole)
	return err
}

// Commit makes the object be there. It fails where this process has lost the
// lease of a folder above it.
func (w *bucketWriter) Commit() error {
	if w.done {
		return fs.ErrClosed
	}
	if err := w.b.leases.lost(w.name); err != nil {
		w.Discard()
		return err
	}
	w.done = true
	defer w.cancel()
	if err := w.ctx.Err(); err != nil {
		w.abort()
		return err
	}
	if w.w != nil {
		return w.settle(w.w.Close())
	}
	w.hasCRC = true
	return again(w.ctx, w.once)
}

// once sends the whole object.
func (w *bucketWriter) once() error {
	err := w.start()
	if w.w != nil {
		if closeErr := w.w.Close(); err == nil {
			err = closeErr
		}
	}
	lost := err != nil && broken(err)
	if err = w.settle(err); err != nil && !lost {
		return final{err}
	}
	return err
}

// settle is what came of an upload. Where its answer was lost, or says that such an
// object is there already, the object itself tells whether it is this writer's.
func (w *bucketWriter) settle(err error) error {
	if err == nil {
		v, err := w.arrived()
		if err != nil {
			return w.b.problem(w.ctx, "stat", w.name, err)
		}
		return w.verify(v)
	}
	problem := w.b.problem(w.ctx, "write", w.name, err)
	if errors.Is(problem, fs.ErrExist) || broken(err) {
		if _, a, err := w.b.stat(w.ctx, w.name); err == nil && a.Metadata[writerKey] == w.token {
			return w.verify(w.b.attributes(a.As))
		}
	}
	return problem
}

// arrived is what the store says of an object that was written.
func (w *bucketWriter) arrived() (v version, err error) {
	if w.result != nil {
		v = w.result()
	}
	if v.hasCRC || w.hasCRC || w.b.stored == nil { // what went in one request had its checksum with it
		return v, nil
	}
	return w.b.stored(w.ctx, w.b.cdk.As, &w.writing)
}

// verify compares the checksum that the store took with ours.
func (w *bucketWriter) verify(v version) error {
	if !v.hasCRC || v.crc == w.crc {
		return nil
	}
	ctx := context.WithoutCancel(w.ctx)
	err := w.b.removeVersion(ctx, w.name, v)
	return errors.Join(fmt.Errorf("%s: %d bytes were sent with the checksum %08x and arrived with %08x; the object was removed (write it again)", w.b.at(w.name), w.size, w.crc, v.crc), err)
}

func (b *bucket) removeVersion(ctx context.Context, name string, v version) error {
	err := b.cdk.DeleteWithOptions(ctx, name, &cdk.DeleteOptions{
		BeforeDelete: func(as func(any) bool) error { return b.dialect.remove(as, v) },
	})
	return b.problem(ctx, "remove", name, err)
}

// Discard leaves nothing.
func (w *bucketWriter) Discard() {
	if w.done {
		return
	}
	w.done = true
	w.abort()
}

// abort ends the upload: a writer that is closed when its context has ended
// leaves nothing.
func (w *bucketWriter) abort() {
	w.cancel()
	if w.w != nil {
		_ = w.w.Close()
	}
	w.whole = nil
}

var _ io.Writer = (*bucketWriter)(nil)
