//go:build unix

package ingest_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/retort-ml/retort/io/table"
	"github.com/retort-ml/retort/transforms/ingest"
)

// A pipe that nobody writes to would be waited for without end.
func TestLabelsFromAPipeAreRefused(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "labels.csv")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip("no pipes in the file system here: ", err)
	}
	if _, err := table.Open(pipe, table.Labels); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("got %v, want an error that says what it is", err)
	}
	if _, err := (&ingest.Images{Source: []string{tree(t, "a.jpg")}, Labels: pipe}).State(t.Context()); err != nil {
		t.Errorf("the state of labels that only the reading can refuse: %v", err)
	}
}
