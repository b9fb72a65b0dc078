package imagefile

import (
	"archive/tar"
	"io"

	store "github.com/retort-ml/retort/io/blob"
)

// Pack writes encoded images into one uncompressed tar of an artifact, where
// ReadRef reads them at their offset. The file appears, whole, at Commit, or not
// at all.
type Pack struct {
	f       store.Writer
	w       *tar.Writer
	uri     string
	at      int64
	records int64
}

// CreatePack starts the tar name in the artifact at d.
func CreatePack(d store.Dir, name string) (*Pack, error) {
	f, err := d.Create(name)
	if err != nil {
		return nil, err
	}
	p := &Pack{f: f, uri: Inside(d.At(name))}
	p.w = tar.NewWriter(counter{p})
	return p, nil
}

// counter counts what goes into the file.
type counter struct{ p *Pack }

func (c counter) Write(b []byte) (int, error) {
	n, err := c.p.f.Write(b)
	c.p.at += int64(n)
	return n, err
}

// Add appends an image under a name and says where its bytes will lie.
func (p *Pack) Add(name string, encoded []byte) (uri string, offset int64, err error) {
	h := &tar.Header{Name: name, Size: int64(len(encoded)), Mode: 0o644, Format: tar.FormatPAX}
	if err := p.w.WriteHeader(h); err != nil {
		return "", 0, err
	}
	offset = p.at
	_, err = p.w.Write(encoded)
	p.records++
	return p.uri, offset, err
}

// Records is the number of images added.
func (p *Pack) Records() int64 { return p.records }

// Commit ends the tar, makes it durable and gives it its name.
func (p *Pack) Commit() error {
	if err := p.w.Close(); err != nil {
		return err
	}
	return p.f.Commit()
}

// CommitStretch is Commit without the blocks that end a tar: such files, one behind
// the other, are the tar that one Pack of all their images is. It says how many
// images there are in how many bytes.
func (p *Pack) CommitStretch() (records, bytes int64, err error) {
	if err := p.w.Flush(); err != nil {
		return 0, 0, err
	}
	return p.records, p.at, p.f.Commit()
}

// AddStretch appends what CommitStretch left, of so many images.
func (p *Pack) AddStretch(r io.Reader, records int64) error {
	if err := p.w.Flush(); err != nil {
		return err
	}
	_, err := io.Copy(counter{p}, r)
	p.records += records
	return err
}

// Discard removes what was written, unless it was committed.
func (p *Pack) Discard() { p.f.Discard() }
