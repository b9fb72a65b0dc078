package imagefile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	store "github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/example"
	"github.com/retort-ml/retort/io/tfrecord"
)

// The features that hold the encoded image, its label in words, its label as a
// number and its name, by what tools call them, the usual first.
var (
	imageFeatures = []string{"image/encoded", "image", "image_raw", "image_bytes", "encoded", "img", "jpeg", "jpg", "png", "image/data", "data"}
	wordFeatures  = []string{"image/class/text", "image/class/name", "class/text", "class_name", "label_name", "label/text", "image/class", "image/label", "label", "class"}
	labelFeatures = []string{"image/class/label", "label", "image/label", "class", "image/class", "target"}
	nameFeatures  = []string{"image/filename", "filename", "file_name", "image/name", "name", "image/id", "image_id", "id"}
)

// recordFile lists the images inside a TFRecord file. asked says that the file
// is a source by itself.
func (l *lister) recordFile(p, name string, asked bool) error {
	if l.opt.Closed {
		return l.leave(&Closed{Path: p, Prefix: name, Records: true, Asked: asked})
	}
	if !asked && !tfrecord.Sniff(readHead(p), p) {
		l.opt.Stats.other(name)
		return nil
	}
	b, f, err := openBlob(p, name)
	if err != nil {
		return err
	}
	defer f.Close()
	names, err := classNamesBeside(p)
	if err != nil {
		return err
	}
	return l.records(b, names, asked)
}

// records lists the images of a blob of TFRecords, whose numbers of classes have
// names, if any.
func (l *lister) records(b *blob, names map[int64]string, asked bool) error {
	r := tfrecord.NewReader(b.r, tfrecord.Options{Path: b.label, MaxRecordBytes: l.opt.MaxBytes + 1<<20})
	defer r.Close()
	rec := recordLister{lister: l, blob: b, names: names}
	for n := int64(0); ; n++ {
		data, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return rec.broken(err)
		}
		err = rec.example.Decode(data)
		if n == 0 {
			if rec.image = rec.find(); rec.image == "" || err != nil {
				return rec.none(err, asked)
			}
			l.opt.Stats.Shards.add(b.prefix)
		}
		offset := int64(-1)
		if b.plain() && r.Compression() == tfrecord.None {
			offset = b.base + r.Position().Offset + recordHeader
		}
		if err := rec.entry(n, data, offset, err); err != nil {
			return err
		}
	}
}

// recordHeader is the length of a record and its checksum.
const recordHeader = 12

type recordLister struct {
	*lister
	*blob
	names   map[int64]string
	image   string // the feature that holds the encoded image
	example example.Example
}

func (a *recordLister) broken(err error) error {
	var format *tfrecord.FormatError
	mend := ""
	if errors.As(err, &format) {
		mend = `; get the file again, or save its intact records with "retort tfrecord repair"`
	}
	return fmt.Errorf("image source: %w%s", err, mend)
}

// find looks for the feature of the encoded image in the first record: by name,
// or else any that is one by its first bytes.
func (a *recordLister) find() string {
	for _, name := range imageFeatures {
		if v, err := a.example.Bytes(name); err == nil && sniff(v[:min(sniffLen, len(v))]) != "" {
			return name
		}
	}
	for _, f := range a.example.Features() {
		if v, err := a.example.Bytes(f.Name()); err == nil && sniff(v[:min(sniffLen, len(v))]) != "" {
			return f.Name()
		}
	}
	return ""
}

// none says that a file of records has no encoded images.
func (a *recordLister) none(err error, asked bool) error {
	if !asked {
		a.opt.Stats.pass(passedRecords, "")
		return nil
	}
	if err != nil {
		return fmt.Errorf("image source %s: a TFRecord file, but its first record is no tf.train.Example (%w); want TFRecords with encoded images (image/encoded or image)", a.label, err)
	}
	var have []string
	for _, f := range a.example.Features() {
		have = append(have, f.Name())
	}
	if len(have) > 12 {
		have = append(have[:12], "…")
	}
	return fmt.Errorf("image source %s: a TFRecord file whose records hold no encoded image (JPEG, PNG, … in image/encoded or image), but: %s; raw pixels are not read: name the images that it was made of",
		a.label, strings.Join(have, ", "))
}

func (a *recordLister) entry(n int64, data []byte, offset int64, decoded error) error {
	e := Entry{Name: path.Join(a.prefix, fmt.Sprintf("%08d", n)), URI: a.uri}
	v, err := []byte(nil), decoded
	if err == nil {
		v, err = a.example.Bytes(a.image)
	}
	if err != nil {
		e.Reason, e.Detail = Unsupported, fmt.Sprintf("record %d: %v", n, err)
		return a.emit(e)
	}
	if name := a.text(nameFeatures); usableName(name) {
		e.Name = path.Join(a.prefix, path.Clean(name))
	}
	e.Length = int64(len(v))
	if at := bytes.Index(data, v); offset >= 0 && at >= 0 && len(v) > 0 { // an equal stretch before it holds the same bytes
		e.Offset = offset + int64(at)
	} else if e.Length <= a.opt.MaxBytes {
		e.Data = bytes.Clone(v)
	}
	e.Class = a.classOf()
	e.Unlabelled = e.Class == ""
	a.opt.Stats.Records++
	return a.emit(e)
}

// classOf is the label of a record: in words, or as a number.
func (a *recordLister) classOf() string {
	word := a.text(wordFeatures)
	if word != "" {
		return word
	}
	for _, name := range labelFeatures {
		if v, err := a.example.Int64(name); err == nil {
			if named := a.names[v]; named != "" || v < 0 {
				return named // -1 is no label, in tfds and elsewhere
			}
			return strconv.FormatInt(v, 10)
		}
	}
	return ""
}

func (a *recordLister) text(features []string) string {
	for _, name := range features {
		if v, err := a.example.Bytes(name); err == nil && name != a.image && len(v) > 0 && len(v) <= 512 && utf8.Valid(v) {
			if text := strings.TrimSpace(string(v)); text != "" && !strings.ContainsRune(text, 0) {
				return text
			}
		}
	}
	return ""
}

func usableName(name string) bool {
	reason, _ := badName(name)
	return name != "" && reason == "" && path.Clean(name) != "." && !strings.ContainsAny(name, "\n\r")
}

// classNamesBeside reads the names of classes that tools leave beside TFRecords:
// label.labels.txt of tfds, a name a line; labels.txt of "0:daisy" lines.
func classNamesBeside(p string) (map[int64]string, error) {
	for _, name := range []string{"label.labels.txt", "labels.txt"} {
		file := beside(p, name)
		text, err := readSmall(file)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("image source: %s, the names of the classes of %s: %w", file, p, cause(err))
		}
		if names := parseClassNames(text, name == "labels.txt"); len(names) > 0 {
			return names, nil
		}
	}
	return nil, nil
}

func parseClassNames(text string, numbered bool) map[int64]string {
	names := map[int64]string{}
	lines := strings.Split(strings.TrimRight(strings.TrimPrefix(text, "\ufeff"), "\r\n"), "\n")
	for i, line := range lines {
		line = strings.TrimRight(line, "\r")
		number, name := int64(i), line
		if numbered {
			first, rest, ok := strings.Cut(line, ":")
			n, err := strconv.ParseInt(first, 10, 64)
			if !ok || err != nil {
				return nil
			}
			number, name = n, rest
		}
		names[number] = strings.TrimSpace(name)
	}
	return names
}

// readSmall reads a text of at most 4 MiB.
func readSmall(p string) (string, error) {
	f, err := store.OpenFile(p)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 4<<20))
	return string(text), err
}

// archiveMagic reports whether a file begins as an archive does.
func archiveMagic(head []byte) bool {
	if ext, _ := foreignMagic(head); ext != "" || isTarHeader(head) || bytes.HasPrefix(head, []byte("PK\x03\x04")) {
		return true
	}
	return slices.ContainsFunc(streams, func(s stream) bool { return bytes.HasPrefix(head, []byte(s.magic)) })
}

// readHead is the first bytes of a file, none if it cannot be read.
func readHead(p string) []byte {
	f, err := store.OpenFile(p)
	if err != nil {
		return nil
	}
	defer f.Close()
	head := make([]byte, tarBlock)
	n, _ := io.ReadFull(f, head)
	return head[:n]
}
