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
)

// folder lists the tree at dir, whose entries are named below prefix.
func (l *lister) folder(dir, prefix string) error {
	names, err := readNames(dir)
	if err != nil {
		return fmt.Errorf("image source: reading folder %s: %w", dir, cause(err))
	}
	for i := range names.ends {
		if err := l.file(filepath.Join(dir, names.at(i)), path.Join(prefix, names.at(i))); err != nil {
			return err
		}
	}
	return nil
}

// file lists what one name in a folder stands for.
func (l *lister) file(p, name string) error {
	if junk(name) {
		l.opt.Stats.Skipped++
		return nil
	}
	entry := Entry{Name: name, URI: p, Class: class(name)}
	info, err := os.Lstat(p)
	linked := err == nil && info.Mode()&fs.ModeSymlink != 0
	if linked {
		info, err = os.Stat(p)
	}
	switch {
	case err != nil && errors.Is(err, fs.ErrNotExist) && !linked:
		return nil // deleted since the folder was read
	case err != nil:
		if !imageName(name) {
			l.opt.Stats.Skipped++
			return nil
		}
		entry.Reason, entry.Detail = Unreadable, cause(err).Error()
	case info.IsDir() && linked:
		entry.Reason, entry.Detail = Link, "link to a folder; name the folder as a source of its own"
	case info.IsDir():
		return l.folder(p, name)
	case !info.Mode().IsRegular():
		if !imageName(name) {
			l.opt.Stats.Skipped++
			return nil
		}
		entry.Reason, entry.Detail = SpecialFile, info.Mode().String()
	case archiveKind(name) != notArchive:
		return l.archive(p, name, archiveKind(name))
	case imageName(name) || sniffFile(p):
		entry.Length = info.Size()
	default:
		l.opt.Stats.Skipped++
		return nil
	}
	return l.emit(entry)
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
