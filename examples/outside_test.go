package examples_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/retort-ml/retort/internal/stagetest"
)

// outside lays testdata/outside out as a module of its own that uses this
// working tree, and needs no network: its requirements are ours.
func outside(t *testing.T) (dir string) {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	for _, name := range []string{"main.go"} {
		data, err := os.ReadFile(filepath.Join("testdata", "outside", name))
		if err != nil {
			t.Fatal(err)
		}
		stagetest.Write(t, filepath.Join(dir, name), data)
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	ours := string(mod)
	theirs := strings.Replace(ours, "module github.com/retort-ml/retort\n", "module example.com/outside\n", 1)
	if theirs == ours {
		t.Fatal("go.mod does not begin with the module's name")
	}
	theirs += "\nrequire github.com/retort-ml/retort v0.0.0\n\nreplace github.com/retort-ml/retort => " + root + "\n"
	stagetest.Write(t, filepath.Join(dir, "go.mod"), []byte(theirs))
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	stagetest.Write(t, filepath.Join(dir, "go.sum"), sums)
	return dir
}

func TestStagesOfAnotherModule(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command on PATH")
	}
	dir := outside(t)
	bin := filepath.Join(dir, "outside")
	build := exec.Command("go", "build", "-o", bin, ".")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("a module that uses the public packages does not build: %v\n%s", err, out)
	}

	images, root := stagetest.Folder(t, 16, 4, "cat", "dog"), t.TempDir()
	stagetest.Write(t, filepath.Join(images, "cat", "small.jpg"), stagetest.JPEG(t, 8, 0, 99))
	for _, want := range []string{"ingest ran 0\nbright ran 1\nmean ran 0\n", "ingest kept 0\nbright kept 1\nmean kept 0\n"} {
		run := exec.Command(bin, images, root)
		var stderr bytes.Buffer
		run.Stderr = &stderr
		out, err := run.Output()
		if err != nil || string(out) != want {
			t.Fatalf("got %q, %v; want %q\n%s", out, err, want, &stderr)
		}
	}
	mean, err := os.ReadFile(filepath.Join(root, "mean", "mean.txt"))
	if err != nil || !strings.HasPrefix(string(mean), "8 images, mean brightness ") {
		t.Fatalf("%q, %v", mean, err)
	}
}
