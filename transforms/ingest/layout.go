package ingest

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/retort-ml/retort/internal/wire"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/pipelines"
)

// layout gathers the folders of images whose classes are folders, until all are
// known and the classes have names.
type layout struct {
	folders
	names map[string]string // of their classes
	parts map[string]bool   // of a data set, that folders lie in

	last, mark string // the folder of the last image, and what stands for it
}

// folders are those of images, as far as they were looked at.
type folders struct {
	Images map[string]int64 `json:"images,omitempty"` // of each
	Begins map[string]int64 `json:"begins,omitempty"` // what names of images begin with, while there are few folders

	Labelled string `json:"labelled,omitempty"` // an image that has a label of its own, not its folder's
}

// found are the folders.
func (l *layout) found() folders { return l.folders }

// join adds the folders of images that came after.
func (f *folders) join(o *folders) {
	if f.Images == nil {
		f.Images, f.Begins = map[string]int64{}, map[string]int64{}
	}
	if len(f.Images) <= 2 {
		for _, b := range pipelines.SortedKeys(o.Begins) {
			if len(f.Begins) < 200 {
				f.Begins[b] += o.Begins[b]
			}
		}
	}
	for folder, n := range o.Images {
		f.Images[folder] += n
	}
	if o.Labelled != "" {
		f.Labelled = o.Labelled
	}
}

// folderMark begins what stands for a class until it has a name: no label has it.
const folderMark = "\x00"

// add says what stands for the class of an image meanwhile.
func (l *layout) add(e imagefile.Entry) string {
	if e.Folder == "" {
		if e.Class != "" && e.Row == "" {
			l.Labelled = e.Name
		}
		return norm.NFC.String(wire.Readable(e.Class))
	}
	if l.Images == nil {
		l.Images, l.Begins = map[string]int64{}, map[string]int64{}
	}
	folder := norm.NFC.String(wire.Readable(e.Folder)) // the other form of a name is the same class
	l.Images[folder]++
	if len(l.Images) <= 2 && len(l.Begins) < 200 && l.Images[folder] < 10000 {
		if b := beginning(e.Name); b != "" {
			l.Begins[b]++
		}
	}
	if l.last != folder || l.mark == "" {
		l.last, l.mark = folder, folderMark+folder
	}
	return l.mark
}

// className is the class that something stands for, given the names of folders'.
func className(class string, names map[string]string) string {
	if folder, ok := strings.CutPrefix(class, folderMark); ok {
		return names[folder]
	}
	return class
}

var number = regexp.MustCompile(`[-_. ]*\(?\d+\)?$`)

// beginning is what the name of an image begins with where a number follows:
// cat of cat.0.jpg. It is "" for other names.
func beginning(name string) string {
	base := strings.TrimSuffix(path.Base(name), path.Ext(name))
	at := number.FindStringIndex(base)
	if at == nil || at[0] == 0 || !strings.ContainsAny(strings.ToLower(base[:1]), "abcdefghijklmnopqrstuvwxyz") {
		return ""
	}
	return base[:at[0]]
}

const flatMend = `make a folder a class (for f in *.jpg; do c=${f%%[._-][0-9]*}; mkdir -p "$c"; mv "$f" "$c"; done), or a CSV of path,label`

func (l *layout) inNoFolder(e imagefile.Entry) error {
	hint := ""
	if l.Labelled != "" {
		return fmt.Errorf("%s: the image has no label and lies in no folder, though others, such as %s, have a label in a file beside them (add its label, take the image out, or give a CSV of path,label)", e.Name, l.Labelled)
	}
	if b := beginning(e.Name); b != "" {
		hint = fmt.Sprintf("; if its name carries the class, %q, %s", b, flatMend)
	}
	return fmt.Errorf("%s: labels are the names of folders, but this image lies in none (use folders named after classes, a CSV of path,label, or --labels none%s)", e.Name, hint)
}

// resolve names the classes. That the folders are no classes at all is an error.
func (l *layout) resolve() error {
	folders := pipelines.SortedKeys(l.Images)
	l.names = classNames(folders)
	l.parts = map[string]bool{}
	var bares []string
	for _, f := range folders {
		if p := partOf(f); p != "" {
			l.parts[p] = true
		}
		if bare(f) {
			bares = append(bares, f)
		}
	}
	if len(bares) == 0 || len(bares) < len(folders) {
		return nil
	}
	return fmt.Errorf("labels are the names of folders, but those that hold images, %s, are parts of a data set, no classes%s (use folders named after classes inside them, a CSV of path,label, or --labels none)",
		strings.Join(bares[:min(5, len(bares))], ", "), l.carried())
}

// carried says what the names of images begin with, which may be the class.
func (l *layout) carried() string {
	if len(l.Begins) < 2 {
		return ""
	}
	names := pipelines.SortedKeys(l.Begins)
	return fmt.Sprintf("; the names of the images begin with %s: if that is the class, %s", strings.Join(names[:min(5, len(names))], ", "), flatMend)
}
