package imagefile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/retort-ml/retort/internal/address"
	store "github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/table"
)

// Look tells see of every file that a listing of the sources would come upon,
// through links, lists and patterns, in one order: with its path and what the file
// system says of it, or why that cannot be known. No file is opened but lists. A
// source that is not there is an error.
func Look(ctx context.Context, sources []string, see func(path string, info fs.FileInfo, err error)) error {
	l := &looker{ctx: ctx, see: see}
	for _, source := range sources {
		paths, err := matches(source)
		if err != nil {
			return err
		}
		for _, p := range paths {
			if store.Scheme(p) != "" {
				if err := l.remote(p); err != nil {
					return err
				}
				continue
			}
			info, err := os.Stat(p)
			if errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("%s does not exist (check the path)", p)
			}
			if err != nil {
				return err
			}
			if err := l.path(p, info, nil); err != nil {
				return err
			}
			if info.Mode().IsRegular() && isList(p) {
				l.list(p)
			}
		}
	}
	return ctx.Err()
}

// matches are the paths that a source stands for: one, unless it is a pattern.
func matches(source string) ([]string, error) {
	source, err := address.Local(source, store.Schemes()...)
	if err != nil {
		return nil, fmt.Errorf("image source: %w", err)
	}
	if store.Scheme(source) != "" {
		return []string{source}, nil
	}
	if _, err := os.Lstat(source); !errors.Is(err, fs.ErrNotExist) || !strings.ContainsAny(source, "*?[") {
		return []string{source}, nil
	}
	paths, err := filepath.Glob(source)
	if err != nil {
		return nil, fmt.Errorf("image source %q: %w", source, err)
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("image source %q: no file matches the pattern", source)
	}
	sort.Strings(paths)
	return paths, nil
}

type looker struct {
	ctx context.Context
	see func(string, fs.FileInfo, error)
}

// path looks at a file or folder; above are the folders that it lies in.
func (l *looker) path(p string, info fs.FileInfo, above []fs.FileInfo) error {
	if !info.IsDir() {
		l.see(p, info, nil)
		return nil
	}
	for _, outer := range above {
		if os.SameFile(outer, info) { // a link led back
			return nil
		}
	}
	above = append(above[:len(above):len(above)], info)
	names, err := readNames(p)
	if err != nil {
		l.see(p, nil, err)
		return l.ctx.Err()
	}
	for i := range names.ends {
		if _, passed := leftoverPart(names.at(i)); passed {
			continue
		}
		inner := filepath.Join(p, names.at(i))
		info, err := os.Stat(inner)
		if err != nil {
			l.see(inner, nil, err)
			continue
		}
		if err := l.path(inner, info, above); err != nil {
			return err
		}
	}
	return l.ctx.Err()
}

// list looks at what a list names. What is wrong with the list itself the listing
// tells.
func (l *looker) list(p string) {
	t, err := table.Open(p, table.Images)
	if err != nil {
		return
	}
	defer t.Close()
	for row, err := range t.Rows() {
		if err != nil || l.ctx.Err() != nil {
			return
		}
		key, err := local(row.Key)
		if err != nil {
			return
		}
		file, _, info, err := locate(filepath.Dir(p), key)
		if err != nil {
			l.see(file, nil, err)
			continue
		}
		if l.path(file, info, nil) != nil {
			return
		}
	}
}
