package examples_test

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/retort-ml/retort/internal/stagetest"
)

// outside builds the program in a folder as one of a module of its own that uses
// this working tree, and needs no network: its requirements are ours.
func outside(t *testing.T, folder string) (bin string) {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command on PATH")
	}
	dir := t.TempDir()
	sources, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(sources) == 0 {
		t.Fatal("no program in ", folder)
	}
	for _, path := range sources {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(path, "_test.go") {
			stagetest.Write(t, filepath.Join(dir, filepath.Base(path)), data)
		}
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
	bin = filepath.Join(dir, "outside")
	build := exec.Command("go", "build", "-o", bin, ".")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOFLAGS=-mod=mod -trimpath", "GOPROXY=off", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("a module that uses the public packages does not build: %v\n%s", err, out)
	}
	return bin
}

func TestStagesOfAnotherModule(t *testing.T) {
	bin := outside(t, filepath.Join("testdata", "outside"))
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

// TestObjectiveOfAnotherModule: it pretrains, what it made is kept, and its
// settings are part of what it made.
func TestObjectiveOfAnotherModule(t *testing.T) {
	bin := outside(t, "barlowtwins")
	images, root := stagetest.Folder(t, 16, 6, "cat", "dog"), t.TempDir()
	model := filepath.Join(root, "pretrain", "model.safetensors")
	var made [][]byte
	for _, lambda := range []string{"0.0051", "0.0051", "0.5"} {
		run := exec.Command(bin, "run", "--preset", "smoke", "--images", images, "--out", root, "--set", "size=16", "--set", "teacher.width=0.0625",
			"--set", "pretrain.batch=8", "--set", "pretrain.objective_settings.lambda="+lambda)
		if out, err := run.CombinedOutput(); err != nil {
			t.Fatalf("lambda %s: %v\n%s", lambda, err, out)
		}
		data, err := os.ReadFile(model)
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, data)
	}
	if !bytes.Equal(made[0], made[1]) || bytes.Equal(made[0], made[2]) {
		t.Error("the network does not follow the settings")
	}
	if !bytes.Contains(made[0], []byte(`\"task\":\"barlowtwins\"`)) || !bytes.Contains(made[0], []byte(`\"objective\":{\"lambda\":0.0051}`)) {
		t.Errorf("the checkpoint does not say what it was trained for: %.2000q", made[0])
	}
	run := exec.Command(bin, "run", "--preset", "smoke", "--images", images, "--out", root, "--set", "pretrain.objective_settings.lamda=1")
	if out, err := run.CombinedOutput(); err == nil || !bytes.Contains(out, []byte(`objective "barlowtwins": unknown setting "lamda"; did you mean "lambda"?`)) {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestReadyGraphIsExtendedFromAnotherModule runs the whole ready graph with a
// stage between and one on the targets.
func TestReadyGraphIsExtendedFromAnotherModule(t *testing.T) {
	bin := outside(t, "sharp")
	images, root := stagetest.Folder(t, 32, 12, "cat", "dog"), t.TempDir()
	blank := image.NewGray(image.Rect(0, 0, 32, 32))
	var encoded bytes.Buffer
	if err := png.Encode(&encoded, blank); err != nil {
		t.Fatal(err)
	}
	stagetest.Write(t, filepath.Join(images, "cat", "blank.png"), encoded.Bytes())
	run := func(command string, more ...string) string {
		t.Helper()
		cmd := exec.Command(bin, append([]string{command, "--preset", "smoke", "--images", images, "--labels", "folder", "--out", root,
			"--set", "split.fraction=0.5", "--set", "sharp.min_variance=1", "--set", "next.count=3"}, more...)...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", command, err, &stderr)
		}
		return string(out) + stderr.String()
	}
	if said := run("run"); !strings.Contains(said, "14 stages ran") || !strings.Contains(said, "1 dropped") || !strings.Contains(said, "report: ") {
		t.Errorf("the run says\n%s", said)
	}
	next, err := os.ReadFile(filepath.Join(root, "next", "next.csv"))
	if rows := strings.Split(strings.TrimSpace(string(next)), "\n"); err != nil || len(rows) != 4 || rows[0] != "id,name,class,probability" {
		t.Errorf("%q, %v", next, err)
	}
	var results struct {
		Teacher struct{ Images int }
	}
	data, err := os.ReadFile(filepath.Join(root, "evaluate", "metrics.json"))
	if err != nil || json.Unmarshal(data, &results) != nil || results.Teacher.Images == 0 || results.Teacher.Images > 24 {
		t.Errorf("the teacher labelled %+v, %v; the blank image is not among them", results, err)
	}
	if said := run("run"); !strings.Contains(said, "everything kept: all 14 stages") {
		t.Errorf("again:\n%s", said)
	}
	if said := run("plan", "--set", "next.count=5"); !strings.Contains(said, "\n1 of 14 stages would run") {
		t.Errorf("another count:\n%s", said)
	}
}
