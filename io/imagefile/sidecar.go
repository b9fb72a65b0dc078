package imagefile

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"
)

// samples joins images with the label files beside them in an archive: 0001.jpg
// and 0001.cls, .json or .txt, as WebDataset has them. A label comes before its
// image or after it, so that images wait for the next name.
type samples struct {
	stem, label string  // of the label file that was met last
	file        string  // its name
	used        bool    // an image had its label
	given       string  // the label of the next image, known from elsewhere
	key         string  // of the images that wait
	waiting     []Entry // at most maxWaiting: their bytes may be in memory
}

const (
	maxWaiting   = 8
	maxLabelFile = 64 << 10
)

// labelFile reports whether a name is that of a file that may hold a label.
func labelFile(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".cls", ".json", ".txt":
		return true
	}
	return false
}

// sampleKey is a name up to the first dot behind its folders.
func sampleKey(name string) string {
	base := strings.LastIndexByte(name, '/') + 1
	if dot := strings.IndexByte(name[base:], '.'); dot >= 0 {
		return name[:base+dot]
	}
	return name
}

func trimExt(name string) string { return strings.TrimSuffix(name, path.Ext(name)) }

// hold keeps an image until no label file of its own can follow.
func (a *crate) hold(e Entry) error {
	s := &a.samples
	name := e.Name[min(len(e.Name), len(a.prefix)):]
	name = strings.TrimPrefix(name, "/")
	key := sampleKey(name)
	if key != s.key || len(s.waiting) == maxWaiting {
		if err := a.flush(); err != nil {
			return err
		}
		s.key = key
	}
	if s.stem != "" && (s.stem == key || s.stem == trimExt(name)) {
		a.apply(&e)
	}
	if s.given != "" {
		e.labelled(s.given)
	}
	s.waiting = append(s.waiting, e)
	return nil
}

// flush emits the images that wait.
func (a *crate) flush() error {
	waiting := a.samples.waiting
	a.samples.waiting = a.samples.waiting[:0]
	for i := range waiting {
		if err := a.emit(waiting[i]); err != nil {
			return err
		}
		waiting[i] = Entry{}
	}
	return nil
}

// sidecar takes the label of a sample from a file of the archive. It is not done
// with a file that holds none.
func (a *crate) sidecar(m *item, clean string) (done bool, err error) {
	if m.size > maxLabelFile {
		return false, nil
	}
	in, err := m.open()
	if err != nil {
		return false, nil // told as any other file that cannot be read
	}
	text, err := io.ReadAll(io.LimitReader(in, maxLabelFile))
	if err != nil {
		return false, a.brokenSidecar(err)
	}
	if sniff(text[:min(sniffLen, len(text))]) != "" { // an image under another name
		m.open = func() (io.Reader, error) { return bytes.NewReader(text), nil }
		return false, nil
	}
	label := labelIn(strings.ToLower(path.Ext(clean)), text, a.folderOf(clean) == "")
	if label == "" {
		a.opt.Stats.other(clean)
		return true, nil
	}
	s := &a.samples
	a.unused()
	s.stem, s.label, s.file, s.used = trimExt(clean), label, clean, false
	for i := range s.waiting {
		if e := &s.waiting[i]; e.Reason == "" && (s.stem == s.key || s.stem == trimExt(strings.TrimPrefix(e.Name, a.prefix+"/"))) {
			a.apply(e)
		}
	}
	return true, nil
}

// apply gives an image the label of the last label file.
func (a *crate) apply(e *Entry) {
	e.labelled(a.samples.label)
	if !a.samples.used {
		a.samples.used = true
		a.opt.Stats.Sidecars++
	}
}

// unused passes over the last label file if it was none: no image had its label.
func (a *crate) unused() {
	if s := &a.samples; s.stem != "" && !s.used {
		a.opt.Stats.other(s.file)
		s.stem = ""
	}
}

// end emits the images that wait when the archive is at its end.
func (a *crate) end() error {
	a.unused()
	a.again()
	return a.flush()
}

func (a *crate) brokenSidecar(err error) error {
	if _, ok := err.(*damage); ok {
		return nil
	}
	return err
}

// boxes are what YOLO writes in a .txt beside an image: numbers.
var boxes = regexp.MustCompile(`^[-+.\deE\s]*$`)

// labelIn is the label that a file beside an image holds, "" if none. A text
// counts where no folder is the class: it may as well be a caption.
func labelIn(ext string, text []byte, alone bool) string {
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\ufeff")))
	switch ext {
	case ".json":
		return labelInJSON(text)
	case ".txt":
		if !alone || len(text) > 64 || boxes.Match(text) && bytes.ContainsAny(text, " \t\n.") {
			return ""
		}
	}
	if len(text) > 256 || bytes.ContainsAny(text, "\n\r\x00") || !utf8.Valid(text) {
		return ""
	}
	return string(text)
}

// labelKeys are the names that labels have in JSON beside an image.
var labelKeys = []string{"class_name", "label_name", "class", "label", "category", "cls", "target"}

func labelInJSON(text []byte) string {
	var all map[string]json.RawMessage
	if json.Unmarshal(text, &all) != nil {
		return ""
	}
	for _, key := range labelKeys {
		var name string
		var number json.Number
		switch raw := all[key]; {
		case raw == nil:
		case json.Unmarshal(raw, &name) == nil && strings.TrimSpace(name) != "":
			return strings.TrimSpace(name)
		case json.Unmarshal(raw, &number) == nil && number != "" && !strings.ContainsAny(number.String(), ".eE"):
			return number.String()
		}
	}
	return ""
}

// annotationsName is the file of Tiny ImageNet that labels the images of the
// folder images beside it: name, class and box, with tabs between.
const annotationsName = "val_annotations.txt"

const maxAnnotations = 32 << 20

func readAnnotations(r io.Reader) (map[string]string, error) {
	labels := map[string]string{}
	lines := bufio.NewScanner(io.LimitReader(r, maxAnnotations))
	for n := 1; lines.Scan(); n++ {
		cells := strings.Split(strings.TrimRight(lines.Text(), "\r"), "\t")
		if len(cells) < 2 || cells[0] == "" || cells[1] == "" {
			return nil, fmt.Errorf("line %d: %q is no name, class and box with tabs between; mend the line, or remove the file", n, lines.Text())
		}
		labels[cells[0]] = cells[1]
	}
	return labels, lines.Err()
}

// folderAnnotations reads the labels that lie in a folder beside its folder
// images, nil if there are none.
func folderAnnotations(dir string) (map[string]string, error) {
	p := filepath.Join(dir, annotationsName)
	f, err := os.Open(p)
	if err != nil {
		return nil, fmt.Errorf("image source: %s: %w", p, cause(err))
	}
	defer f.Close()
	labels, err := readAnnotations(f)
	if err != nil {
		return nil, fmt.Errorf("image source: %s: %w", p, err)
	}
	return labels, nil
}
