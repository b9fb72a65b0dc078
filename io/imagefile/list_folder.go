package imagefile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"

	"github.com/retort-ml/retort/io/tfrecord"
)

// folder is one folder that is being read.
type folder struct {
	*lister
	dir, prefix string
	names       *nameList
	above       []fs.FileInfo     // the folders that it lies in, itself last
	labels      map[string]string // of its images by name, nil for none
	inner       map[string]string // of those of its folder images
}

// folder lists the tree at dir, whose entries are named below prefix.
func (l *lister) folder(dir, prefix string, above []fs.FileInfo, labels map[string]string) error {
	names, err := readNames(dir)
	if err != nil {
		return fmt.Errorf("image source: reading folder %s: %w", dir, cause(err))
	}
	f := &folder{lister: l, dir: dir, prefix: prefix, names: names, above: above, labels: labels}
	if names.has(annotationsName) && names.has("images") {
		if f.inner, err = folderAnnotations(dir); err != nil {
			return err
		}
	}
	for i := range names.ends {
		if err := f.file(names.at(i)); err != nil {
			return err
		}
	}
	return nil
}

// file lists what one name in the folder stands for.
func (f *folder) file(base string) error {
	p, name := filepath.Join(f.dir, base), path.Join(f.prefix, base)
	if as, ok := leftoverPart(base); ok {
		f.opt.Stats.pass(passedLeftover, as)
		return nil
	}
	info, err := os.Lstat(p)
	linked := err == nil && info.Mode()&fs.ModeSymlink != 0
	if linked {
		info, err = os.Stat(p)
	}
	switch {
	case err != nil && errors.Is(err, fs.ErrNotExist) && !linked:
		return nil // deleted since the folder was read
	case err != nil && imageName(name):
		return f.emit(Entry{Name: name, URI: p, Class: class(name), Folder: f.prefix, Reason: Unreadable, Detail: cause(err).Error()})
	case err != nil && linked:
		f.opt.Stats.pass(passedLink, "to nowhere")
		return nil
	case err != nil:
		f.opt.Stats.other(name)
		return nil
	case info.IsDir():
		return f.below(p, base, info)
	case !info.Mode().IsRegular() && imageName(name):
		return f.emit(Entry{Name: name, URI: p, Class: class(name), Folder: f.prefix, Reason: SpecialFile, Detail: info.Mode().String()})
	case !info.Mode().IsRegular():
		f.opt.Stats.pass(passedSpecial, "")
		return nil
	}
	return f.regular(p, base, info)
}

// below lists a folder inside the folder. A link to a folder is followed, unless
// it leads back to one that it lies in.
func (f *folder) below(p, base string, info fs.FileInfo) error {
	for _, outer := range f.above {
		if os.SameFile(outer, info) {
			f.opt.Stats.pass(passedLink, "back to a folder above")
			return nil
		}
	}
	if len(f.above) > maxFolders {
		return fmt.Errorf("image source: folder %s: lies in more than %d folders; move it up", p, maxFolders)
	}
	var labels map[string]string
	if base == "images" {
		labels = f.inner
	}
	return f.lister.folder(p, path.Join(f.prefix, base), append(f.above[:len(f.above):len(f.above)], info), labels)
}

// maxFolders is how deep folders may lie in each other.
const maxFolders = 256

func (f *folder) regular(p, base string, info fs.FileInfo) error {
	name := path.Join(f.prefix, base)
	named := imageName(base)
	switch {
	case !named && isArchive(base):
		return f.archive(p, name, f.classOf(base))
	case !named && tfrecord.IsName(base):
		return f.recordFile(p, name, false)
	case named || sniffFile(p):
		e := Entry{Name: name, URI: p, Length: info.Size()}
		e.place(f.prefix)
		if label := f.labels[base]; label != "" {
			e.labelled(label)
		} else if f.labels == nil && f.names.has(trimExt(base)+".cls") {
			if label := labelBeside(trimExt(p) + ".cls"); label != "" {
				e.labelled(label)
			}
		}
		return f.emit(e)
	case strings.HasSuffix(base, ".cls") || base == annotationsName && f.inner != nil:
		f.opt.Stats.Sidecars++
		return nil
	}
	f.opt.Stats.other(name)
	return nil
}

// classOf is the class folder of images of an archive in the folder that lie in
// no folder inside it: the archive's name, but for the numbered parts of a set
// and for archives beside images, which belong to this folder as those do.
func (f *folder) classOf(base string) string {
	if shardLike(stem(base)) {
		return f.prefix
	}
	for i := range f.names.ends {
		if imageName(f.names.at(i)) {
			return f.prefix
		}
	}
	return path.Join(f.prefix, stem(base))
}

// labelBeside is the label in a file beside an image, "" if there is none.
func labelBeside(p string) string {
	f, err := os.Open(p)
	if err != nil {
		return ""
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxLabelFile))
	if err != nil {
		return ""
	}
	return labelIn(".cls", text, true)
}

// nameList is the sorted names of one folder in one block of memory: a folder
// may hold millions.
type nameList struct {
	text string
	ends []uint32 // sorted by name; each name runs from starts to ends
	from []uint32
}

func (n *nameList) at(i int) string { return n.text[n.from[i]:n.ends[i]] }

func (n *nameList) Len() int           { return len(n.ends) }
func (n *nameList) Less(i, j int) bool { return n.at(i) < n.at(j) }
func (n *nameList) Swap(i, j int) {
	n.ends[i], n.ends[j] = n.ends[j], n.ends[i]
	n.from[i], n.from[j] = n.from[j], n.from[i]
}

// has looks for a name.
func (n *nameList) has(name string) bool {
	i := sort.Search(n.Len(), func(i int) bool { return n.at(i) >= name })
	return i < n.Len() && n.at(i) == name
}

func readNames(dir string) (*nameList, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	n := &nameList{}
	var text []byte
	for {
		chunk, err := f.Readdirnames(1024)
		for _, name := range chunk {
			n.from = append(n.from, uint32(len(text)))
			text = append(text, name...)
			n.ends = append(n.ends, uint32(len(text)))
		}
		if int64(len(text)) > 1<<31 {
			return nil, errors.New("more than 2 GiB of file names in one folder")
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	n.text = string(text)
	sort.Sort(n)
	return n, nil
}
