package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// State sums up the sources: names, sizes and times of all files, so that a
// changed or added image makes the stage run again. It does not open them.
func (s *Images) State(ctx context.Context) (string, error) {
	h := sha256.New()
	add := func(path string, d fs.FileInfo) {
		fmt.Fprintf(h, "%q %d %d\n", path, d.Size(), d.ModTime().UnixNano())
	}
	if s.Labels != "" && s.Labels != "none" && s.Labels != "folder" {
		info, err := os.Stat(s.Labels)
		switch {
		case err != nil:
			return "", fmt.Errorf("labels: %w; want \"folder\", \"none\" or a CSV of path,label", err)
		case info.IsDir():
			return "", fmt.Errorf("labels: %s is a folder; want the word \"folder\", \"none\" or a CSV of path,label", s.Labels)
		}
		add(s.Labels, info)
	}
	for _, source := range s.Source {
		matches, err := filepath.Glob(source)
		if err != nil || len(matches) == 0 {
			matches = []string{source}
		}
		for _, m := range matches {
			if err := walk(ctx, m, add); err != nil {
				return "", err
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func walk(ctx context.Context, source string, add func(string, fs.FileInfo)) error {
	if _, err := os.Stat(source); err != nil {
		if os.IsNotExist(err) {
			return fmt.Errorf("%s does not exist (check the path)", source)
		}
		return err
	}
	return filepath.WalkDir(source, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // the listing itself reports what cannot be read
		}
		if d.IsDir() {
			return ctx.Err()
		}
		if info, err := os.Stat(path); err == nil {
			add(path, info)
		}
		return nil
	})
}
