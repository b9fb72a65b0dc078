package imagefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/retort-ml/retort/internal/address"
	"github.com/retort-ml/retort/io/table"
	"github.com/retort-ml/retort/io/tfrecord"
)

func isList(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".txt", ".lst", ".list", ".csv", ".tsv", ".tab":
		return true
	}
	return false
}

// list lists what a list or table of paths names. Paths are relative to the list's
// own folder.
func (l *lister) list(p string) error {
	t, err := table.Open(p, table.Images)
	if err != nil {
		return fmt.Errorf("image list %w", err)
	}
	defer t.Close()
	for row, err := range t.Rows() {
		if err != nil {
			return fmt.Errorf("image list %w", err)
		}
		if err := l.named(p, t, row); err != nil {
			return err
		}
	}
	if l.opt.Note != nil {
		for _, note := range t.Notes() {
			l.opt.Note(note)
		}
	}
	return nil
}

// named lists what one row of a list names: an image, or a folder or archive of
// them. It was asked for, so a file that is not an image is tried (and
// quarantined), and a missing one is reported, not skipped.
func (l *lister) named(list string, t *table.Table, row table.Row) error {
	key, err := local(row.Key)
	if err != nil {
		return fmt.Errorf("image list %s:%d: %w", list, row.Line, err)
	}
	p, name, info, err := locate(filepath.Dir(list), key)
	if errors.Is(err, fs.ErrNotExist) && row.Comment && !table.PictureName(row.Key) {
		t.Comment(row)
		return nil
	}
	e := Entry{Name: name, URI: p, Row: fmt.Sprintf("%s:%d", list, row.Line)}
	if e.place(folderOf(name)); t.Labelled() {
		e.labelled(row.Label)
		e.Unlabelled = row.Label == ""
	}
	by := fmt.Sprintf("named by %s, line %d", list, row.Line)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if e.Reason, e.Detail = Missing, by+l.otherCase(p); strings.ContainsAny(key, `:\`) {
			if _, err := address.Local(key); err != nil {
				e.Detail += "; " + err.Error()
			}
		}
	case errors.Is(err, errSeveral):
		e.Reason, e.Detail = Missing, fmt.Sprintf("%s: %v", by, err)
	case err != nil:
		e.Reason, e.Detail = Unreadable, fmt.Sprintf("%s: %v", by, cause(err))
	case info.IsDir() || info.Mode().IsRegular() && (isArchive(p) || tfrecord.IsName(filepath.Base(p))):
		return l.within(e, info, t.Labelled())
	case !info.Mode().IsRegular():
		e.Reason, e.Detail = SpecialFile, by+": not a file"
	default:
		e.Length = info.Size()
	}
	return l.emit(e)
}

// local is the path of this machine that a row may name by an address.
func local(key string) (string, error) {
	if address.Scheme(key) == "" {
		return key, nil
	}
	return address.Local(key)
}

// within lists the folder, archive or file of records that a row names. The row's
// label is that of all images in it.
func (l *lister) within(e Entry, info fs.FileInfo, labelled bool) error {
	inner := l.inside(e, labelled)
	var err error
	switch {
	case info.IsDir():
		err = inner.folder(e.URI, e.Name, []fs.FileInfo{info}, nil)
	case isArchive(e.URI):
		err = inner.archive(e.URI, e.Name, inner.namesake(e.URI))
	default:
		err = inner.recordFile(e.URI, e.Name, true)
	}
	return l.ofRow(e.Row, err)
}

// inside is a lister for what the row e of a list names.
func (l *lister) inside(e Entry, labelled bool) *lister {
	inner := *l
	inner.alone = false
	inner.yield = func(i Entry, err error) bool {
		switch {
		case i.Closed != nil:
			i.Closed.Row, i.Closed.Label, i.Closed.Labelled, i.Closed.Unlabelled = e.Row, e.Class, labelled, e.Unlabelled
		case labelled:
			i.labelled(e.Class)
			i.Unlabelled, i.Row = e.Unlabelled, e.Row
		}
		return l.yield(i, err)
	}
	return &inner
}

// ofRow names the row of a list that an error comes of.
func (l *lister) ofRow(row string, err error) error {
	if err != nil && err != errStop && l.ctx.Err() == nil {
		err = fmt.Errorf("image list %s: %w", row, err)
	}
	return err
}

// errSeveral says that a name without an extension may be that of several files.
var errSeveral = errors.New("several files have this name with an extension")

// locate finds the file that a path of a list stands for: as it is written;
// without blanks at its ends; with / for \; in the other form of Unicode; with
// the extension of an image. name is the path as it was found.
func locate(dir, text string) (p, name string, info fs.FileInfo, err error) {
	for _, as := range spellings(text) {
		p, name = inDir(dir, as)
		if info, err = os.Stat(p); err == nil || !errors.Is(err, fs.ErrNotExist) {
			return p, name, info, err
		}
	}
	if !table.PictureName(text) {
		if found, err := extended(dir, text); found != "" || err != nil {
			p, name = inDir(dir, found)
			if err == nil {
				info, err = os.Stat(p)
			}
			return p, name, info, err
		}
	}
	p, name = inDir(dir, text)
	return p, name, nil, fs.ErrNotExist
}

// inDir is where the path text of a list in dir leads.
func inDir(dir, text string) (p, name string) {
	p = filepath.FromSlash(text)
	if !filepath.IsAbs(p) {
		p = filepath.Join(dir, p)
	}
	return p, filepath.ToSlash(filepath.Clean(text))
}

// spellings are the ways to read a path, each once.
func spellings(text string) []string {
	list := []string{text}
	trimmed := strings.TrimSpace(text)
	slashed := strings.ReplaceAll(trimmed, `\`, "/")
	for _, s := range []string{trimmed, slashed, norm.NFC.String(slashed), norm.NFD.String(slashed)} {
		if s != list[len(list)-1] && s != text {
			list = append(list, s)
		}
	}
	return list
}

// extensions of images that a list may leave out.
var extensions = []string{".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".JPG", ".JPEG", ".PNG"}

// extended is the path with the extension of the one image that has it, "" if
// there is none.
func extended(dir, text string) (found string, err error) {
	text = strings.ReplaceAll(strings.TrimSpace(text), `\`, "/")
	var first fs.FileInfo
	for _, ext := range extensions {
		p, _ := inDir(dir, text+ext)
		info, err := os.Stat(p)
		if err != nil || !info.Mode().IsRegular() || first != nil && os.SameFile(first, info) { // no regard to case
			continue
		}
		if found != "" {
			return found, fmt.Errorf("%w, such as %s and %s (write the extension)", errSeveral, filepath.Base(found), filepath.Base(p))
		}
		found, first = text+ext, info
	}
	return found, nil
}

// otherCase says that a missing file is there in other letters, for the first few
// of a listing.
func (l *lister) otherCase(p string) string {
	if *l.hints++; *l.hints > 5 {
		return ""
	}
	names, err := readNames(filepath.Dir(p))
	if err != nil {
		return ""
	}
	want := norm.NFC.String(filepath.Base(p))
	for i := range names.ends {
		if strings.EqualFold(norm.NFC.String(names.at(i)), want) {
			return fmt.Sprintf("; there is %q: upper and lower case differ", names.at(i))
		}
	}
	return ""
}
