package sweep_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/retort-ml/retort/pipelines/simclrv2/sweep"
)

// TestNoLinearEvaluation: what a sweep would pass over in silence it refuses.
func TestNoLinearEvaluation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sweep.yaml")
	if err := os.WriteFile(path, []byte(two), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := sweep.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Points([]string{"evaluate.linear=only"}, nil); err == nil || !strings.Contains(err.Error(), "evaluate.linear = only: a sweep makes no linear evaluation") {
		t.Error(err)
	}
}
