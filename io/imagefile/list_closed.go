package imagefile

import (
	"context"
	"iter"
)

// Closed is an archive, or a file of TFRecords, that a listing came upon and did
// not open, so that several can be listed side by side.
type Closed struct {
	Path    string `json:"path"`
	Prefix  string `json:"prefix,omitempty"` // of the names of its images
	Folder  string `json:"folder,omitempty"` // the class folder of images that lie in none inside it
	Records bool   `json:"records,omitempty"`
	Asked   bool   `json:"asked,omitempty"` // a source by itself

	// The row of a list that names it, as FILE:LINE, and what that says of all its
	// images.
	Row        string `json:"row,omitempty"`
	Label      string `json:"label,omitempty"`
	Labelled   bool   `json:"labelled,omitempty"` // rows of the list have labels
	Unlabelled bool   `json:"unlabelled,omitempty"`
}

// leave hands an archive on, closed.
func (l *lister) leave(c *Closed) error {
	if err := l.ctx.Err(); err != nil {
		return err
	}
	*l.closed++
	if !l.yield(Entry{Closed: c}, nil) {
		return errStop
	}
	return nil
}

// ListClosed lists the images of an archive that a listing left closed, as that
// would have.
func ListClosed(ctx context.Context, c Closed, opt ListOptions) iter.Seq2[Entry, error] {
	opt.Closed = false
	return func(yield func(Entry, error) bool) {
		l := newLister(ctx, opt, yield)
		if c.Row != "" {
			l = l.inside(Entry{Row: c.Row, Class: c.Label, Unlabelled: c.Unlabelled}, c.Labelled)
		}
		var err error
		if c.Records {
			err = l.recordFile(c.Path, c.Prefix, c.Asked)
		} else {
			err = l.archive(c.Path, c.Prefix, c.Folder)
		}
		if c.Row != "" {
			err = l.ofRow(c.Row, err)
		}
		if err != nil && err != errStop {
			yield(Entry{}, err)
		}
	}
}

// Path is one that sources stand for.
type Path struct {
	Path  string `json:"path"`
	Alone bool   `json:"alone,omitempty"` // there is no other
}

// Paths are those that sources stand for, patterns expanded, in the order of their
// listing. No folder is read but for patterns.
func Paths(sources []string) ([]Path, error) {
	var list []Path
	for _, source := range sources {
		paths, err := matches(source)
		if err != nil {
			return nil, err
		}
		for _, p := range paths {
			list = append(list, Path{p, len(sources) == 1 && len(paths) == 1})
		}
	}
	return list, nil
}

// ListPath lists one of the paths that sources stand for.
func ListPath(ctx context.Context, p Path, opt ListOptions) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		l := newLister(ctx, opt, yield)
		l.alone = p.Alone && !opt.Several
		if err := l.path(p.Path); err != nil && err != errStop {
			yield(Entry{}, err)
		}
	}
}
