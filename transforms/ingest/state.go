package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/imagefile"
)

// State sums up what the stage would read: names, sizes and times of all files
// that a listing comes upon, through links and lists, and the labels' own bytes.
// What is changed, added or gone makes the stage run again. Images are not opened.
func (s *Images) State(ctx context.Context) (string, error) {
	h := sha256.New()
	if s.Labels != "" && s.Labels != "none" && s.Labels != "folder" {
		if err := sumLabels(h, s.Labels); err != nil {
			return "", err
		}
	}
	err := imagefile.Look(ctx, s.Source, func(path string, info fs.FileInfo, err error) {
		if err != nil {
			fmt.Fprintf(h, "%q %v\n", path, err)
			return
		}
		// the time of change tells of files put back with the time that they had
		fmt.Fprintf(h, "%q %d %d %d\n", path, info.Size(), info.ModTime().UnixNano(), changeTime(info))
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

func sumLabels(w io.Writer, path string) error {
	if blob.Scheme(path) != "" {
		f, err := blob.OpenFile(path)
		if err != nil {
			return fmt.Errorf("labels: %w; %s", err, wantLabels)
		}
		defer f.Close()
		if _, err := io.Copy(w, f); err != nil {
			return fmt.Errorf("labels: %w", err)
		}
		fmt.Fprintf(w, "%q\n", path)
		return nil
	}
	info, err := os.Stat(path) // before it is opened, which waits where it is a pipe
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return fmt.Errorf("labels: %s: %w; %s", path, err, wantLabels)
	}
	switch {
	case info.IsDir():
		return fmt.Errorf(`labels: %s is a folder; want the word "folder", "none" or a CSV of path,label`, path)
	case info.Mode().IsRegular(): // what else it is the reading tells
		err = copyFile(w, path)
	}
	if err != nil {
		return fmt.Errorf("labels: %w", err)
	}
	fmt.Fprintf(w, "%q\n", path)
	return nil
}

func copyFile(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}
