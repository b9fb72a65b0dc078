package main

import (
	"strings"
	"testing"
)

// TestBenchFilesFit: no machine has room for a thousand million files.
func TestBenchFilesFit(t *testing.T) {
	if err := tfrecordFits(t.TempDir(), 1); err != nil {
		t.Error(err)
	}
	if err := tfrecordFits(t.TempDir(), 1<<30); err == nil || !strings.Contains(err.Error(), "--cores 1073741824") {
		t.Errorf("%v; want that there is no room", err)
	}
}
