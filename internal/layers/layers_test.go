package layers

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestImportsFlowOneWay reads the imports of every Go file of the module, whatever platform it is
// for. External test packages (package x_test) use a package as a user would, so the direction does
// not bind them; the doors do.
func TestImportsFlowOneWay(t *testing.T) {
	root := filepath.Join("..", "..")
	files := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && path != root && (name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")) {
			return fs.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		files++
		return checkFile(t, root, path)
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 100 {
		t.Errorf("only %d Go files found: the test looks in the wrong place", files)
	}
}

func checkFile(t *testing.T, root, path string) error {
	parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		return err
	}
	folder, err := filepath.Rel(root, filepath.Dir(path))
	if err != nil {
		return err
	}
	folder = filepath.ToSlash(folder)
	outside := strings.HasSuffix(parsed.Name.Name, "_test")
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		if err := CheckFiles(folder, filepath.Base(path), imported); err != nil {
			t.Error(err)
		}
		if outside && strings.HasPrefix(imported, Module+"/") {
			continue
		}
		if err := Check(folder, imported); err != nil {
			t.Errorf("%s: %v", filepath.Base(path), err)
		}
	}
	return nil
}

func TestCheckKnowsTheDirection(t *testing.T) {
	const beam, gomlx = "github.com/apache/beam/sdks/v2/go/pkg/beam", "github.com/gomlx/gomlx/core/graph"
	for _, c := range []struct {
		folder, path string
		ok           bool
	}{
		{"cmd/retort", Module + "/pipelines/simclrv2", true},
		{"cmd/retort", Module + "/io/tfrecord", true},
		{"pipelines/simclrv2", Module + "/transforms/views", true},
		{"transforms/views", Module + "/pipelines", true},
		{"runners/direct", Module + "/pipelines", true},
		{"io/index", Module + "/io/example", true},
		{"pipelines", Module + "/transforms/ingest", false},
		{"pipelines", Module + "/pipelines/simclrv2", false},
		{"pipelines", Module + "/model/train", false},
		{"model/train", Module + "/pipelines", false},
		{"transforms/views", Module + "/pipelines/simclrv2", false},
		{"transforms/views", Module + "/runners", false},
		{"runners/direct", Module + "/transforms/views", false},
		{"io/artifact", Module + "/pipelines", false},
		{"internal/units", Module + "/io/artifact", false},
		{"transforms/views", Module + "/cmd/retort", false},
		{"novelty", Module + "/io/artifact", false},
		{"transforms/views", beam, true},
		{"model/nn", gomlx, true},
		{"io/blob", "gocloud.dev/blob", true},
		{"pipelines/config", "github.com/goccy/go-yaml/ast", true},
		{"pipelines/simclrv2", "github.com/goccy/go-yaml", false},
		{"pipelines/simclrv2", Module + "/pipelines/config", true},
		{"runners/program", Module + "/pipelines/config", true},
		{"runners/program", "github.com/spf13/cobra", true},
		{"runners", "github.com/spf13/cobra", false},
		{"transforms/report", gomlx, false},
		{"cmd/retort", beam, false},
		{"model/train", beam, false},
		{"io/artifact", "gocloud.dev/blob", false},
		{"io/artifact", "cloud.google.com/go/storage", false},
		{"transforms/views/augment", beam, false},
		{"transforms/views/augment", gomlx, false},
		{"transforms/views/augment", Module + "/pipelines", false},
		{"transforms/views/augment/sheet", Module + "/model/nn", false},
		{"transforms/views/augment/sheet", "golang.org/x/image/draw", true},
	} {
		if err := Check(c.folder, c.path); (err == nil) != c.ok {
			t.Errorf("%s importing %s: %v, want ok %v", c.folder, c.path, err, c.ok)
		}
	}
}

// TestFilesGoThroughTheJob: the rule holds where it should, and nothing is on its
// list that needs it no more.
func TestFilesGoThroughTheJob(t *testing.T) {
	for _, c := range []struct {
		folder, name, path string
		ok                 bool
	}{
		{"transforms/views", "shard.go", "os", false},
		{"transforms/report", "stages.go", "path/filepath", false},
		{"pipelines", "job.go", Module + "/internal/atomicfile", false},
		{"transforms/views", "shard_test.go", "os", true},
		{"transforms/views", "shard.go", Module + "/io/blob", true},
		{"pipelines", "files.go", "os", true},
		{"io/blob", "local.go", "os", true},
	} {
		if err := CheckFiles(c.folder, c.name, c.path); (err == nil) != c.ok {
			t.Errorf("%s/%s importing %s: %v, want ok %v", c.folder, c.name, c.path, err, c.ok)
		}
	}
	for file := range fileUsers {
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", filepath.FromSlash(file)), nil, parser.ImportsOnly)
		if err != nil {
			t.Errorf("%s is on the list: %v", file, err)
			continue
		}
		if !slices.ContainsFunc(parsed.Imports, func(s *ast.ImportSpec) bool {
			path, _ := strconv.Unquote(s.Path.Value)
			return slices.Contains(filePackages, path)
		}) {
			t.Errorf("%s is on the list, and needs none of %v", file, filePackages)
		}
	}
}
