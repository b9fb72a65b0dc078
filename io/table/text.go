package table

import (
	"github.com/retort-ml/retort/io/blob"

	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/transform"
)

// Text decodes a text that a person wrote to UTF-8 without a byte order mark.
// name is how an error names it; note is not empty where the encoding was
// guessed.
func Text(name string, data []byte) (text []byte, note string, err error) {
	f, err := survey(name, bytes.NewReader(data))
	if err != nil {
		return nil, "", err
	}
	text, err = io.ReadAll(f.decoded(bytes.NewReader(data)))
	return text, f.note(name), err
}

// form is how a text is encoded.
type form struct {
	name    string            // for people
	decoder encoding.Encoding // nil: the bytes are UTF-8
	skip    int               // bytes of the mark that comes first
	guessed bool
}

// decoded is the text of r, which stands at its first byte, in UTF-8.
func (f form) decoded(r io.Reader) io.Reader {
	if f.decoder != nil {
		return transform.NewReader(r, f.decoder.NewDecoder())
	}
	if f.skip > 0 {
		io.CopyN(io.Discard, r, int64(f.skip)) // a later read tells what went wrong
	}
	return r
}

func (f form) note(name string) string {
	if !f.guessed {
		return ""
	}
	return fmt.Sprintf("%s is not UTF-8; it is read as %s (save it as UTF-8 where that is wrong)", name, f.name)
}

var (
	utf8Form     = form{name: "UTF-8"}
	utf16LE      = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	utf16BE      = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	markedLE     = unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM)
	markedBE     = unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM)
	windows1252  = charmap.Windows1252
	byteOrderTop = []struct {
		mark string
		form form
	}{
		{"\xef\xbb\xbf", form{name: "UTF-8", skip: 3}},
		{"\xff\xfe\x00\x00", form{name: "UTF-32LE", decoder: utf32.UTF32(utf32.LittleEndian, utf32.ExpectBOM)}},
		{"\x00\x00\xfe\xff", form{name: "UTF-32BE", decoder: utf32.UTF32(utf32.BigEndian, utf32.ExpectBOM)}},
		{"\xff\xfe", form{name: "UTF-16LE", decoder: markedLE}},
		{"\xfe\xff", form{name: "UTF-16BE", decoder: markedBE}},
	}
	// foreign are files that are given for a text by mistake.
	foreign = []struct{ magic, what string }{
		{"PK\x03\x04", "a workbook (.xlsx, .ods) or a zip; save the sheet as CSV"},
		{"\xd0\xcf\x11\xe0", "an old workbook (.xls); save the sheet as CSV"},
		{"\x1f\x8b", "compressed with gzip; unpack it"},
		{"\x28\xb5\x2f\xfd", "compressed with zstd; unpack it"},
		{"BZh", "compressed with bzip2; unpack it"},
		{"\xfd7zXZ", "compressed with xz; unpack it"},
		{"PAR1", "a Parquet file; save it as CSV"},
		{"SQLite format 3", "an SQLite database; save the table as CSV"},
		{"%PDF", "a PDF; save the table as CSV"},
		{"\x89HDF", "an HDF5 file; save the table as CSV"},
		{"\x93NUMPY", "a NumPy array; save it as CSV"},
		{"\x89PNG", "a picture, not a text"},
		{"\xff\xd8\xff", "a picture, not a text"},
	}
)

// survey reads r to its end and says how it is encoded.
func survey(name string, r io.Reader) (form, error) {
	var s scan
	if _, err := io.CopyBuffer(&s, struct{ io.Reader }{r}, make([]byte, 64<<10)); err != nil {
		return form{}, fmt.Errorf("%s: %w", name, cause(err))
	}
	s.end()
	for _, f := range foreign {
		if bytes.HasPrefix(s.head, []byte(f.magic)) {
			return form{}, fmt.Errorf("%s is %s", name, f.what)
		}
	}
	for _, b := range byteOrderTop {
		if bytes.HasPrefix(s.head, []byte(b.mark)) {
			if b.form.decoder != nil || s.badLine == 0 {
				return b.form, nil
			}
		}
	}
	return s.form(name)
}

// form decides where no mark says it.
func (s *scan) form(name string) (form, error) {
	even, odd := s.nuls[0], s.nuls[1]
	switch {
	case even+odd == 0 && s.badLine == 0:
		return utf8Form, nil
	case even+odd == 0 && s.western():
		return form{name: "Windows-1252 (Latin-1)", decoder: windows1252, guessed: true}, nil
	case even+odd == 0:
		return form{}, fmt.Errorf("%s:%d: the text is neither UTF-8 nor UTF-16, and no Western European one (the byte %#02x stands there); save it as UTF-8", name, s.badLine, s.badByte)
	case s.badLine == 0 && 10*(even+odd) < s.size: // UTF-8 but for some: not every second byte
	case s.size%2 == 0 && odd > 4*even:
		return form{name: "UTF-16LE", decoder: utf16LE, guessed: true}, nil
	case s.size%2 == 0 && even > 4*odd:
		return form{name: "UTF-16BE", decoder: utf16BE, guessed: true}, nil
	}
	return form{}, fmt.Errorf("%s: not a text: it holds bytes of zero (want UTF-8, UTF-16 or Windows-1252)", name)
}

// cause strips the path that the message already names.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// source is an opened text.
type source struct {
	f    io.ReadSeekCloser
	form form
}

// openText opens the file at path and looks through it.
func openText(path string) (*source, error) {
	if blob.Scheme(path) != "" {
		return openRemote(path)
	}
	info, err := os.Stat(path) // opening a pipe waits for who writes to it
	if err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file (it is read more than once; save it first)", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, cause(err))
	}
	s := &source{f: f}
	if s.form, err = survey(path, f); err != nil {
		f.Close()
		return nil, err
	}
	return s, nil
}

// openRemote opens the file of a store.
func openRemote(url string) (*source, error) {
	f, err := blob.OpenFile(url)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", url, cause(err))
	}
	s := &source{f: f}
	if s.form, err = survey(url, f); err != nil {
		f.Close()
		return nil, err
	}
	return s, nil
}

// text is the whole text from its beginning.
func (s *source) text() (io.Reader, error) {
	if _, err := s.f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return s.form.decoded(s.f), nil
}
