package tfrecord

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Expand turns what a user names into files: a file is itself, a folder stands
// for the TFRecord files anywhere below it, a pattern (*, ?, [) for what it
// matches. Files come in the order of the arguments, sorted within each, each
// once. An argument that stands for no file is an error.
func Expand(args ...string) ([]string, error) {
	var all []string
	seen := map[string]bool{}
	for _, arg := range args {
		files, err := expand(arg)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			if clean := filepath.Clean(f); !seen[clean] {
				seen[clean], all = true, append(all, f)
			}
		}
	}
	return all, nil
}

func expand(arg string) ([]string, error) {
	info, err := os.Stat(arg)
	switch {
	case err == nil && info.IsDir():
		return below(arg)
	case err == nil:
		return []string{arg}, nil
	case !strings.ContainsAny(arg, `*?[`):
		return nil, fmt.Errorf("looking for TFRecord files: %w", err)
	}
	matches, err := filepath.Glob(arg)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; want a pattern such as runs/*/views-*.tfrecord", arg, err)
	}
	var files []string
	hidden := strings.HasPrefix(filepath.Base(arg), ".")
	for _, m := range matches {
		if !hidden && strings.HasPrefix(filepath.Base(m), ".") {
			continue // as a shell does; files being written are hidden
		}
		if info, err := os.Stat(m); err == nil && !info.IsDir() {
			files = append(files, m)
			continue
		}
		inside, err := below(m)
		if err != nil && !isNone(err) {
			return nil, err
		}
		files = append(files, inside...)
	}
	if len(files) == 0 {
		return nil, &noneError{arg, "the pattern matches no file"}
	}
	return files, nil
}

// below lists the TFRecord files in a folder's tree.
func below(dir string) (files []string, err error) {
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && IsName(entry.Name()) {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for TFRecord files: %w", err)
	}
	if len(files) == 0 {
		return nil, &noneError{dir, "holds no TFRecord file (looked for: *.tfrecord, *.tfrecords, *.tfrec, *.record, *.tfrecord-00000-of-00001, train-00000-of-00001, each also .gz, .zlib or .zst)"}
	}
	slices.Sort(files)
	return files, nil
}

// IsName tells TFRecord files by name, those of other tools too: anything with
// .tfrecord in it, .tfrec, .record, train-00000-of-01024, TensorBoard's events.
func IsName(name string) bool {
	if strings.HasPrefix(name, ".") {
		return false
	}
	bare := strings.ToLower(name)
	if CompressionOf(bare) != None {
		bare = strings.TrimSuffix(bare, filepath.Ext(bare))
	}
	return strings.Contains(bare, ".tfrecord") || otherNames.MatchString(bare) || strings.HasPrefix(bare, "events.out.tfevents.")
}

var otherNames = regexp.MustCompile(`\.(tfrec|tfr|records?)(-\d+-of-\d+)?$|^[^.]*-\d{3,9}-of-\d{3,9}$`)

// Sniff reports whether a file of that name which begins with head may be one of
// TFRecords: it begins with a record's header, or is compressed as its name says.
func Sniff(head []byte, name string) bool {
	return len(head) >= headerSize && headerOK(head) || CompressionOf(name) != None && sniff(head, "") != None
}

type noneError struct{ arg, why string }

func (e *noneError) Error() string { return e.arg + ": " + e.why }

func isNone(err error) bool { _, ok := err.(*noneError); return ok }
