package tensorbundle

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Find is the prefix of the bundle that a path stands for: a prefix, an .index
// file, a folder in which a file "checkpoint" names the latest or which holds a
// single one, or a SavedModel's folder.
func Find(path string) (string, error) {
	if prefix, ok := strings.CutSuffix(path, indexSuffix); ok {
		return prefix, nil
	}
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		if _, missing := os.Stat(path + indexSuffix); missing != nil {
			return "", fmt.Errorf("%s: no TensorFlow checkpoint: %w (want its folder, or what its files' names begin with, such as model.ckpt-250228)", path, missing)
		}
		return path, nil
	}
	return findIn(path)
}

var latest = regexp.MustCompile(`(?m)^model_checkpoint_path: "([^"\\]+)"`)

func findIn(folder string) (string, error) {
	if text, err := os.ReadFile(filepath.Join(folder, "checkpoint")); err == nil {
		if m := latest.FindSubmatch(text); m != nil {
			// Where it was saved it may have had another folder.
			return filepath.Join(folder, filepath.Base(filepath.FromSlash(string(m[1])))), nil
		}
	}
	found, err := indexes(folder)
	if err == nil && len(found) == 0 {
		found, err = indexes(filepath.Join(folder, "variables"))
	}
	switch {
	case err != nil && !os.IsNotExist(err):
		return "", err
	case len(found) == 0:
		return "", fmt.Errorf("%s: no TensorFlow checkpoint (NAME.index) lies in this folder", folder)
	case len(found) > 1:
		return "", fmt.Errorf("%s holds %d checkpoints; say which: %s", folder, len(found), strings.Join(found, ", "))
	}
	return found[0], nil
}

func indexes(folder string) ([]string, error) {
	files, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, f := range files {
		if prefix, ok := strings.CutSuffix(f.Name(), indexSuffix); ok {
			found = append(found, filepath.Join(folder, prefix))
		}
	}
	slices.Sort(found)
	return found, nil
}
