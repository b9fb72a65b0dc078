package imagefile

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"time"

	store "github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/tfrecord"
)

// A source in a store is an archive, a file of TFRecords, an image, or all that
// lies below a name. What lies beside images there to label them is not read, and
// told, since the labels would be others than on a disk.

// unset is a path, or a URL without its settings.
func unset(p string) string {
	if store.Scheme(p) == "" {
		return p
	}
	plain, _ := store.CutSettings(p)
	return plain
}

// beside is the path or URL of a file beside p.
func beside(p, name string) string {
	if store.Scheme(p) == "" {
		return filepath.Join(filepath.Dir(p), name)
	}
	plain, query := store.CutSettings(p)
	return plain[:strings.LastIndexByte(plain, '/')+1] + name + query
}

// remote lists a source in a store.
func (l *lister) remote(p string) error {
	dir, file, err := openRemote(p)
	if err != nil {
		return fmt.Errorf("image source %w; want an archive (%s), TFRecords, an image or what lies below a name", err, ArchiveNames)
	}
	before, closed := *l.opt.Stats, *l.closed
	if file != nil {
		err = l.remoteFile(p, *file)
	} else {
		err = l.remoteFolder(dir.With(l.ctx), "")
	}
	if s := l.opt.Stats; err == nil && s.Images+s.Bad == before.Images+before.Bad && *l.closed == closed {
		return s.Nothing(p, s.Skipped-before.Skipped)
	}
	return err
}

// openRemote is a place in a store, and what it is if it is a file.
func openRemote(p string) (dir store.Dir, file *store.Info, err error) {
	if dir, err = store.Open(p); err != nil {
		return dir, nil, err
	}
	if dir.IsRoot() {
		return dir, nil, nil
	}
	info, err := dir.In("..").Stat(dir.Base())
	if store.IsAbsent(err) {
		return dir, nil, nil
	}
	return dir, &info, err
}

func (l *lister) remoteFile(p string, info store.Info) error {
	name := path.Base(unset(p))
	switch {
	case isList(name):
		return l.remoteList(p)
	case isArchive(name):
		return l.archive(p, "", l.namesake(name))
	case tfrecord.IsName(name):
		return l.recordFile(p, name, true)
	case imageName(name) || sniffFile(p):
		return l.emit(Entry{Name: name, URI: p, Length: info.Size})
	}
	return fmt.Errorf("image source %s: neither an archive (%s), a file of TFRecords nor an image", p, ArchiveNames)
}

// remoteFolder lists what lies below a name: images first, then archives, whose
// class depends on whether images lie beside them. Their names begin with under.
func (l *lister) remoteFolder(dir store.Dir, under string) error {
	var archives []string
	images := map[string]bool{} // folders that hold any
	for info, err := range dir.List("") {
		if err != nil {
			return fmt.Errorf("image source %w", err)
		}
		if as, ok := leftover(info.Name); ok {
			l.opt.Stats.pass(passedLeftover, as)
			continue
		}
		base := path.Base(info.Name)
		switch {
		case imageName(base):
			e := Entry{Name: path.Join(under, info.Name), URI: dir.At(info.Name), Length: info.Size}
			e.place(folderOf(e.Name))
			images[folderOf(e.Name)] = true
			if err := l.emit(e); err != nil {
				return err
			}
		case isArchive(base) || tfrecord.IsName(base):
			archives = append(archives, info.Name)
		case strings.HasSuffix(base, ".cls") || base == annotationsName:
			return fmt.Errorf("image source %s: labels beside images are not read from a store; pack the folder into a tar", dir.At(info.Name))
		default:
			l.opt.Stats.other(info.Name)
		}
	}
	for _, name := range archives {
		if err := l.remoteArchive(dir, name, under, images); err != nil {
			return err
		}
	}
	return nil
}

func (l *lister) remoteArchive(dir store.Dir, object, under string, images map[string]bool) error {
	name := path.Join(under, object)
	folder := folderOf(name)
	if !isArchive(name) {
		return l.recordFile(dir.At(object), name, true) // a look at its first bytes could fail
	}
	if !shardLike(stem(name)) && !images[folder] {
		folder = path.Join(folder, stem(name))
	}
	return l.archive(dir.At(object), name, folder)
}

// remote looks at a source in a store.
func (l *looker) remote(p string) error {
	dir, file, err := openRemote(p)
	if err != nil {
		return err
	}
	if file != nil {
		l.see(p+"#"+file.Version, remoteInfo{*file}, nil)
		return nil
	}
	found := false
	for info, err := range dir.With(l.ctx).List("") {
		if err != nil {
			return err
		}
		found = true
		l.see(dir.At(info.Name)+"#"+info.Version, remoteInfo{info}, nil)
	}
	if !found {
		return fmt.Errorf("%s does not exist (check the address)", p)
	}
	return l.ctx.Err()
}

// remoteInfo is a file of a store as one of a file system.
type remoteInfo struct{ store.Info }

func (i remoteInfo) Name() string       { return path.Base(i.Info.Name) }
func (i remoteInfo) Size() int64        { return i.Info.Size }
func (i remoteInfo) Mode() fs.FileMode  { return 0o444 }
func (i remoteInfo) ModTime() time.Time { return i.Info.ModTime }
func (i remoteInfo) IsDir() bool        { return false }
func (i remoteInfo) Sys() any           { return nil }
