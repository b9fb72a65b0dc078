package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// said is a call of a command that says something, and where.
type said struct {
	args   string
	stderr bool // for people alone
}

// calls has one call at least of every command. SHAPES is a set of images, RUN a
// finished run on it, BUNDLE a checkpoint of TensorFlow's, NEW a path that is free.
var calls = map[string][]said{
	"retort":                       {{args: ""}, {args: "--help"}, {args: "help run"}},
	"retort help":                  {{args: "help"}},
	"retort run":                   {{args: "run --config testdata/config/tiny.yaml --images SHAPES --out NEW --only ingest --json"}, {args: "run --config testdata/config/tiny.yaml --images SHAPES --out RUN", stderr: true}},
	"retort plan":                  {{args: "plan --config testdata/config/tiny.yaml --images SHAPES --out RUN"}, {args: "plan --json --config testdata/config/tiny.yaml --images SHAPES --out RUN"}},
	"retort graph":                 {{args: "graph --images SHAPES"}, {args: "graph --images SHAPES --format dot"}, {args: "graph --images SHAPES --format svg"}},
	"retort sweep":                 {{args: "sweep --config testdata/config/sweep.yaml --images SHAPES --out NEW"}, {args: "sweep --config testdata/config/sweep.yaml --images SHAPES --out NEW --plan"}},
	"retort inspect":               {{args: "inspect SHAPES"}, {args: "inspect SHAPES --json"}},
	"retort config":                {{args: "config"}, {args: "config --list"}},
	"retort synth":                 {{args: "synth --out NEW --classes 2 --per-class 1 --size 16", stderr: true}},
	"retort views":                 {{args: "views"}},
	"retort views show":            {{args: "views show SHAPES --limit 1 --size 16 --out NEW", stderr: true}},
	"retort predict":               {{args: "predict --checkpoint RUN/distill SHAPES"}, {args: "predict --checkpoint RUN/distill SHAPES --json"}},
	"retort embed":                 {{args: "embed --checkpoint RUN/pretrain SHAPES"}},
	"retort tfrecord":              {{args: "tfrecord"}},
	"retort tfrecord ls":           {{args: "tfrecord ls RUN/views"}, {args: "tfrecord ls RUN/views --json"}},
	"retort tfrecord cat":          {{args: "tfrecord cat RUN/ingest"}, {args: "tfrecord cat --json RUN/ingest"}, {args: "tfrecord cat --raw RUN/ingest"}},
	"retort tfrecord verify":       {{args: "tfrecord verify --json RUN/views"}, {args: "tfrecord verify RUN/views", stderr: true}},
	"retort tfrecord repair":       {{args: "tfrecord repair VIEWS --out NEW", stderr: true}, {args: "tfrecord repair VIEWS --out NEW --json"}},
	"retort checkpoint":            {{args: "checkpoint"}},
	"retort checkpoint show":       {{args: "checkpoint show RUN/distill"}, {args: "checkpoint show --json RUN/distill"}},
	"retort checkpoint import":     {{args: "checkpoint import BUNDLE NEW.safetensors", stderr: true}},
	"retort checkpoint export":     {{args: "checkpoint export RUN/distill NEW.onnx", stderr: true}},
	"retort bench":                 {{args: "bench"}},
	"retort bench augment":         {{args: "bench augment --images SHAPES --size 16 --seconds 0.01"}},
	"retort bench jpeg":            {{args: "bench jpeg --size 16 --limit 10 --seconds 0.01 --json"}},
	"retort bench tfrecord":        {{args: "bench tfrecord --record-bytes 100000 --seconds 0.01 --json"}},
	"retort bench train":           {{args: "bench train --arch resnet18 --width 0.0625 --size 8 --pairs 2 --seconds 0.01"}},
	"retort bench label":           {{args: "bench label --arch resnet18 --width 0.0625 --size 8 --batch 2 --seconds 0.01"}},
	"retort doctor":                {{args: "doctor"}},
	"retort version":               {{args: "version"}},
	"retort completion":            {{args: "completion"}},
	"retort completion bash":       {{args: "completion bash"}},
	"retort completion zsh":        {{args: "completion zsh"}},
	"retort completion fish":       {{args: "completion fish"}},
	"retort completion powershell": {{args: "completion powershell"}},
}

// names are those of a command and all below it.
func commandNames(cmd *cobra.Command) []string {
	list := []string{cmd.CommandPath()}
	for _, c := range cmd.Commands() {
		list = append(list, commandNames(c)...)
	}
	return list
}

// TestLostOutputIsAnError runs every command with an output that cannot be
// written. A new command has to be added to the calls.
func TestLostOutputIsAnError(t *testing.T) {
	root := newRoot(commands())
	for _, name := range commandNames(root) {
		if len(calls[name]) == 0 {
			t.Errorf("no call of %q: add one to calls", name)
		}
	}
	dir := t.TempDir()
	shapes, run, bundle := filepath.Join(dir, "shapes"), filepath.Join(dir, "run"), filepath.Join(dir, "bundle")
	makeImages(t, shapes)
	if err := errors.Join(os.Mkdir(bundle, 0o755), writeBundle(bundle)); err != nil {
		t.Fatal(err)
	}
	if text, err := exec.Command("retort", crashArgs(shapes, run)[:7]...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	views, err := filepath.Glob(filepath.Join(run, "views", "*.tfrecord"))
	if err != nil || len(views) == 0 {
		t.Fatal("the run left no views")
	}
	for _, list := range calls {
		for _, call := range list {
			t.Run(call.args, func(t *testing.T) {
				t.Parallel()
				for name, closed := range unwritable(t) {
					args := strings.NewReplacer("SHAPES", shapes, "RUN", run, "VIEWS", views[0], "BUNDLE", bundle, "NEW", filepath.Join(t.TempDir(), "new")).Replace(call.args)
					checkLost(t, name, closed, call.stderr, strings.Fields(args))
				}
			})
		}
	}
}

// unwritable are files that take no byte: one opened for reading only, and the
// full device of systems that have one.
func unwritable(t *testing.T) map[string]*os.File {
	t.Helper()
	files := map[string]*os.File{}
	for name, flag := range map[string]int{os.DevNull: os.O_RDONLY, "/dev/full": os.O_WRONLY} {
		if f, err := os.OpenFile(name, flag, 0); err == nil {
			files[name] = f
			t.Cleanup(func() { f.Close() })
		}
	}
	return files
}

func checkLost(t *testing.T, name string, closed *os.File, people bool, args []string) {
	t.Helper()
	var other bytes.Buffer
	cmd := exec.Command("retort", args...)
	cmd.Stdout, cmd.Stderr = closed, &other
	if people {
		cmd.Stdout, cmd.Stderr = &other, closed
	}
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case !errors.As(err, &exit) || exit.ExitCode() != codeFailed:
		t.Errorf("%s: %v; want exit code %d\n%s", name, err, codeFailed, other.String())
	case !people && !regexp.MustCompile(`(?m)^retort: .*standard output cannot be written: `).Match(other.Bytes()):
		t.Errorf("%s: nothing says why:\n%s", name, other.String())
	case strings.Count(other.String(), "cannot be written") > 1:
		t.Errorf("%s: it is said twice:\n%s", name, other.String())
	}
}

// TestAllOutputIsWatched: what does not go through package stdio would be lost
// without a word.
func TestAllOutputIsWatched(t *testing.T) {
	unwatched := regexp.MustCompile(`os\.Std(out|err)|fmt\.Print|\bprintln\(|log\.(Print|Fatal)`)
	for _, pattern := range []string{"*.go", "../../runners/*.go", "../../runners/*/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for i, line := range strings.Split(string(text), "\n") {
				if code, _, _ := strings.Cut(line, "//"); !strings.HasSuffix(file, "_test.go") && unwatched.MatchString(code) {
					t.Errorf("%s:%d: %s (write to stdio.Out or stdio.Err)", file, i+1, strings.TrimSpace(line))
				}
			}
		}
	}
}
