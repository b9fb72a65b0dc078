package pipelines

import (
	"slices"
	"sync"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/index"
)

// Image is one image as an element-wise stage sees it: what the index knows
// and, only when asked for, its bytes and pixels.
type Image struct {
	// Ref locates the image and tells its id, size and name. To change it has
	// no effect.
	imagefile.Ref
	// Class is the name of its label, "" where that is unknown. A stage may
	// change it: the classes of its artifact are then those of the images left.
	Class string

	notes    map[string]string
	reader   *imagefile.Reader
	encoded  []byte
	pixels   *imagefile.RGB
	class    string // before the stage
	replaced bool
	was      imagefile.Ref // before Replace
}

// NewImage is an image of encoded bytes that lie in memory: for tests of a
// stage, and for pipelines that have their images from elsewhere. An error is
// that of bytes that are no image.
func NewImage(name, class string, encoded []byte) (*Image, error) {
	m := &Image{Class: class}
	m.Name, m.Label = name, imagefile.UnknownLabel
	return m, m.Replace(encoded)
}

// Bytes are the encoded bytes; not to be changed, and valid until
// ProcessElement returns. The error of a file that is gone or changed sets the
// image aside when it is returned.
func (m *Image) Bytes() ([]byte, error) {
	if m.encoded != nil {
		return m.encoded, nil
	}
	reader := m.reader
	if reader == nil {
		reader = &sharedReader
	}
	data, err := reader.ReadRef(m.Ref, encodedBuffers.get())
	if err != nil {
		return nil, err
	}
	m.encoded = data
	return data, nil
}

// Pixels is the whole image, decoded once for all stages of a [Fuse]; not to
// be changed, and valid until ProcessElement returns. The error of an image
// that cannot be decoded sets it aside when it is returned.
func (m *Image) Pixels() (*imagefile.RGB, error) {
	if m.pixels != nil {
		return m.pixels, nil
	}
	into := rgbs.Get().(*imagefile.RGB)
	img, err := m.decode(imagefile.Options{Into: into})
	if err != nil {
		rgbs.Put(into)
		return nil, err
	}
	m.pixels = img
	return img, nil
}

// Thumbnail is the image decoded at the smallest of 1/8, 1/4, 1/2 and 1/1 of
// its size at which both sides are still at least side pixels long (or the
// whole image, where it is smaller). For JPEG it costs a fraction of Pixels.
func (m *Image) Thumbnail(side int) (*imagefile.RGB, error) {
	scale := 8
	for scale > 1 && min(m.Width, m.Height)/scale < side {
		scale /= 2
	}
	if scale == 1 {
		return m.Pixels()
	}
	return m.decode(imagefile.Options{Scale: scale})
}

func (m *Image) decode(opt imagefile.Options) (*imagefile.RGB, error) {
	data, err := m.Bytes()
	if err != nil {
		return nil, err
	}
	// what the index holds has passed the limit that its user set
	opt.MaxPixels = max(imagefile.DefaultMaxPixels, int64(m.Width)*int64(m.Height))
	return imagefile.Decode(data, opt)
}

// Note is what a stage noted about the image under key, "" for nothing.
func (m *Image) Note(key string) string { return m.notes[key] }

// SetNote notes a value about the image under key. Notes rest in the index
// and go with the image from one element-wise stage to the next.
func (m *Image) SetNote(key, value string) {
	notes := make(map[string]string, len(m.notes)+1) // the input's map may be shared
	for k, v := range m.notes {
		notes[k] = v
	}
	notes[key] = value
	m.notes = notes
}

// Replace makes the image one of other encoded bytes: of another format, cut,
// or repaired. It gets the id and the size of the new bytes, a copy of which is
// kept in the stage's artifact. The error is that of bytes that are no image.
func (m *Image) Replace(encoded []byte) error {
	info, err := imagefile.DecodeConfig(encoded)
	if err != nil {
		return err
	}
	m.release()
	if !m.replaced {
		m.was = m.Ref
	}
	m.ID, m.Offset, m.Length = imagefile.IDOf(encoded), 0, int64(len(encoded))
	m.Width, m.Height = info.Width, info.Height
	m.encoded, m.replaced = slices.Clone(encoded), true
	return nil
}

func (m *Image) entry() index.Entry {
	return index.Entry{Ref: m.Ref, Class: m.Class, Notes: m.notes}
}

func (*Image) carries() (k Images) { return }
func (*Image) carrier() carrier    { return imageCarrier{} }

func (m *Image) origin() artifact.Rejected {
	ref := m.Ref
	if m.replaced && m.was.Length > 0 {
		ref = m.was
	}
	return artifact.Rejected{ID: ref.ID.String(), Name: ref.Name, URI: ref.URI, Offset: ref.Offset}
}

func (m *Image) size() int64 {
	if m.replaced {
		return int64(len(m.encoded))
	}
	return 256
}

// release gives back what was read and decoded; bytes that a stage put in the
// place of the file's are kept until they are written.
func (m *Image) release() {
	if m.pixels != nil {
		rgbs.Put(m.pixels)
		m.pixels = nil
	}
	if !m.replaced && m.encoded != nil {
		encodedBuffers.put(m.encoded)
		m.encoded = nil
	}
}

// Scratch memory of images in work.
var (
	rgbs           = sync.Pool{New: func() any { return new(imagefile.RGB) }}
	encodedBuffers buffers
)

type buffers struct{ pool sync.Pool }

func (b *buffers) get() []byte {
	if v, ok := b.pool.Get().(*[]byte); ok {
		return *v
	}
	return nil
}

func (b *buffers) put(buf []byte) { b.pool.Put(&buf) }
