package imagefile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"

	store "github.com/retort-ml/retort/io/blob"
)

// Reader reads the encoded bytes of images by reference. It is safe for
// concurrent use and keeps archives open; Close closes them.
type Reader struct {
	// Verify makes ReadRef compare the bytes with Ref.ID.
	Verify bool

	mu   sync.Mutex
	open map[string]*openFile
	tick int64
}

// maxOpen is how many archives stay open; beyond it the one not used for
// longest is closed.
const maxOpen = 64

type openFile struct {
	f     store.File
	users int
	used  int64
}

// ReadRef returns the encoded bytes that ref locates, in buf if its capacity
// suffices. A file that is gone, shorter, or (with Verify) different from what
// was listed is a *QuarantineError with reason changed, missing or unreadable;
// that no more files can be opened is none.
func (r *Reader) ReadRef(ref Ref, buf []byte) ([]byte, error) {
	if ref.Length < 0 || ref.Offset < 0 {
		return nil, reject(Changed, "%s: offset %d, length %d", Place(ref.URI), ref.Offset, ref.Length)
	}
	data, err := r.read(ref, buf)
	if err != nil {
		return nil, readError(ref, err)
	}
	if r.Verify && IDOf(data) != ref.ID {
		return nil, reject(Changed, "%s at byte %d: the bytes are no longer those that were listed (id %s); run again, and it is looked at again", Place(ref.URI), ref.Offset, ref.ID)
	}
	return data, nil
}

var errSize = errors.New("another size than listed")

func (r *Reader) read(ref Ref, buf []byte) ([]byte, error) {
	if ref.Offset > 0 { // a member of an archive
		f, err := r.acquire(ref.URI)
		if err != nil {
			return nil, err
		}
		defer r.release(f)
		if ref.Length > f.f.Size()-ref.Offset {
			return nil, errSize
		}
		buf = sized(buf, ref.Length)
		_, err = f.f.ReadAt(buf, ref.Offset)
		return buf, err
	}
	f, err := store.OpenFile(Place(ref.URI))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if f.Size() != ref.Length {
		return nil, errSize
	}
	buf = sized(buf, ref.Length)
	_, err = io.ReadFull(f, buf)
	return buf, err
}

func sized(buf []byte, n int64) []byte {
	if int64(cap(buf)) < n {
		return make([]byte, n)
	}
	return buf[:n]
}

func readError(ref Ref, err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return reject(Missing, "%s is gone since it was listed", Place(ref.URI))
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return err // it says nothing of the image
	case !errors.Is(err, errSize) && store.Scheme(Place(ref.URI)) != "":
		return err // of the way there, or of who may read: it says nothing of the image
	case errors.Is(err, errSize), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return reject(Changed, "%s has another size than when it was listed; run again, and it is looked at again", Place(ref.URI))
	}
	return reject(Unreadable, "%s at byte %d: %v", Place(ref.URI), ref.Offset, cause(err))
}

func (r *Reader) acquire(uri string) (*openFile, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tick++
	if f := r.open[uri]; f != nil {
		f.users++
		f.used = r.tick
		return f, nil
	}
	h, err := store.OpenFile(Place(uri))
	if err != nil {
		return nil, err
	}
	if r.open == nil {
		r.open = map[string]*openFile{}
	}
	if len(r.open) >= maxOpen {
		r.evict()
	}
	f := &openFile{f: h, users: 1, used: r.tick}
	r.open[uri] = f
	return f, nil
}

// evict closes the archive not used for longest, if one is not in use.
func (r *Reader) evict() {
	oldest := ""
	for uri, f := range r.open {
		if f.users == 0 && (oldest == "" || f.used < r.open[oldest].used) {
			oldest = uri
		}
	}
	if oldest != "" {
		r.open[oldest].f.Close()
		delete(r.open, oldest)
	}
}

func (r *Reader) release(f *openFile) {
	r.mu.Lock()
	f.users--
	r.mu.Unlock()
}

// Close closes all files. No ReadRef may be under way.
func (r *Reader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for uri, f := range r.open {
		if err := f.f.Close(); err != nil {
			errs = append(errs, fmt.Errorf("closing %s: %w", uri, err))
		}
	}
	r.open = nil
	return errors.Join(errs...)
}
