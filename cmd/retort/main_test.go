package main

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"retort": main}) }

// TestTranscripts runs the sessions in testdata through the real program.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Abs("../../io/tfrecord/testdata/reference/tfrecord")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata", RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("TFRECORD", files) // written by TensorFlow
			return nil
		},
	})
}
