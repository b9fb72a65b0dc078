package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/retort-ml/retort/internal/storetest"
	"github.com/retort-ml/retort/io/blob"
)

// TestTranscriptsInStores runs the sessions in testdata/stores, whose $GS and $S3 are
// buckets.
func TestTranscriptsInStores(t *testing.T) {
	gs, s3 := storetest.Bucket(t, "gs"), storetest.Bucket(t, "s3")
	testscript.Run(t, testscript.Params{
		Dir: "testdata/stores", RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("STORAGE_EMULATOR_HOST", os.Getenv("STORAGE_EMULATOR_HOST"))
			e.Setenv("GS", gs(""))
			plain, query := blob.CutSettings(s3(""))
			e.Setenv("S3", plain)
			e.Setenv("S3Q", query)
			e.Setenv("TINY", filepath.Join(e.WorkDir, "tiny.yaml"))
			data, err := os.ReadFile("testdata/config/tiny.yaml")
			if err == nil {
				err = os.WriteFile(filepath.Join(e.WorkDir, "tiny.yaml"), data, 0o644)
			}
			return err
		},
		Cmds: map[string]func(ts *script, neg bool, args []string){"put": scriptPut, "get": scriptGet, "same": scriptSame, "bundle": scriptBundle},
	})
}

// scriptPut copies a file or a folder of this machine into a store: "put FILE URL".
func scriptPut(ts *script, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: put FILE URL")
	}
	from := ts.MkAbs(args[0])
	ts.Check(filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		plain, query := blob.CutSettings(args[1])
		if rel := strings.TrimPrefix(path[len(from):], string(filepath.Separator)); rel != "" {
			plain += "/" + filepath.ToSlash(rel)
		}
		return blob.WriteFile(plain+query, func(w io.Writer) error { _, err := w.Write(data); return err })
	}))
}

// scriptGet copies an object to this machine: "get URL FILE".
func scriptGet(ts *script, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: get URL FILE")
	}
	data, err := blob.ReadFile(args[0])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), data, 0o644))
}
