package imagefile

import (
	"fmt"
	"path"
	"strings"
	"sync"

	store "github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/table"
	"github.com/retort-ml/retort/io/tfrecord"
)

// Objects that a list in a store names are looked at so many at once, since each
// look is a request.
const (
	looksAtOnce = 32
	rowsAtOnce  = 512
)

// remoteRow is a row of a list, and what it names.
type remoteRow struct {
	table.Row
	at   store.Dir
	name string // as it stands in the list
	info *store.Info
	err  error
}

// remoteList lists what a list or table in a store names: objects of stores, by
// their addresses, or by paths from the list's own folder.
func (l *lister) remoteList(p string) error {
	list, err := store.Open(p)
	if err != nil {
		return fmt.Errorf("image list %w", err)
	}
	t, err := table.Open(p, table.Images)
	if err != nil {
		return fmt.Errorf("image list %w", err)
	}
	defer t.Close()
	var rows []remoteRow
	flush := func() error {
		l.lookAll(rows)
		for _, r := range rows {
			if err := l.remoteNamed(unset(p), t, r); err != nil {
				return err
			}
		}
		rows = rows[:0]
		return nil
	}
	for row, err := range t.Rows() {
		if err != nil {
			return fmt.Errorf("image list %w", err)
		}
		r := remoteRow{Row: row}
		if r.at, r.name, err = namedIn(list.In(".."), row.Key); err != nil {
			return fmt.Errorf("image list %s:%d: %w", unset(p), row.Line, err)
		}
		if rows = append(rows, r); len(rows) == rowsAtOnce {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	if l.opt.Note != nil {
		for _, note := range t.Notes() {
			l.opt.Note(note)
		}
	}
	return nil
}

// namedIn is the place that a key of a list in dir stands for.
func namedIn(dir store.Dir, key string) (at store.Dir, name string, err error) {
	key = strings.ReplaceAll(strings.TrimSpace(key), `\`, "/")
	switch {
	case store.Scheme(key) != "":
		at, err = store.Open(key)
		return at, at.Base(), err
	case strings.HasPrefix(key, "/"):
		return at, "", fmt.Errorf("%s is a path of a machine, and the list lies in a store; want an address, or a path from the list's folder", key)
	}
	name = path.Clean(key)
	return dir.In(name), name, nil
}

// lookAll finds out what rows name.
func (l *lister) lookAll(rows []remoteRow) {
	var all sync.WaitGroup
	free := make(chan struct{}, looksAtOnce)
	for i := range rows {
		r := &rows[i]
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			if r.err = l.ctx.Err(); r.err != nil || r.at.IsRoot() {
				return
			}
			info, err := r.at.In("..").With(l.ctx).Stat(r.at.Base())
			if err == nil {
				r.info = &info
			} else if !store.IsAbsent(err) {
				r.err = err
			}
		})
	}
	all.Wait()
}

// remoteNamed lists what one row names, as named does.
func (l *lister) remoteNamed(list string, t *table.Table, r remoteRow) error {
	e := Entry{Name: r.name, URI: r.at.String(), Row: fmt.Sprintf("%s:%d", list, r.Line)}
	if e.place(folderOf(r.name)); t.Labelled() {
		e.labelled(r.Label)
		e.Unlabelled = r.Label == ""
	}
	by := fmt.Sprintf("named by %s, line %d", list, r.Line)
	base := r.at.Base()
	switch {
	case l.ctx.Err() != nil:
		return l.ctx.Err()
	case r.err != nil:
		e.Reason, e.Detail = Unreadable, fmt.Sprintf("%s: %v", by, cause(r.err))
	case r.info == nil && l.empty(r.at):
		if r.Comment && !table.PictureName(r.Key) {
			t.Comment(r.Row)
			return nil
		}
		e.Reason, e.Detail = Missing, by
	case r.info == nil || isArchive(base) || tfrecord.IsName(base):
		return l.remoteWithin(e, r, t.Labelled())
	default:
		e.Length = r.info.Size
	}
	return l.emit(e)
}

// empty reports whether nothing lies below a name.
func (l *lister) empty(at store.Dir) bool {
	for _, err := range at.With(l.ctx).List("") {
		return err != nil
	}
	return true
}

// remoteWithin lists what lies below a name, or in an archive. The row's label is
// that of all images in it.
func (l *lister) remoteWithin(e Entry, r remoteRow, labelled bool) error {
	inner := *l
	inner.alone = false
	if labelled {
		inner.yield = func(i Entry, err error) bool {
			i.labelled(e.Class)
			i.Unlabelled, i.Row = e.Unlabelled, e.Row
			return l.yield(i, err)
		}
	}
	var err error
	switch {
	case r.info == nil:
		err = inner.remoteFolder(r.at.With(l.ctx), e.Name)
	case isArchive(r.at.Base()):
		err = inner.archive(e.URI, e.Name, inner.namesake(r.at.Base()))
	default:
		err = inner.recordFile(e.URI, e.Name, true)
	}
	if err != nil && err != errStop && l.ctx.Err() == nil {
		err = fmt.Errorf("image list %s: %w", e.Row, err)
	}
	return err
}
