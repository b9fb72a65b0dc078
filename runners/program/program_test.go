package program_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/retort-ml/retort/internal/stagetest"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/pipelines/config"
	"github.com/retort-ml/retort/runners"
	"github.com/retort-ml/retort/runners/prism"
	"github.com/retort-ml/retort/runners/program"
	"github.com/retort-ml/retort/transforms/ingest"
)

// Small is what the program small can be told.
type Small struct {
	Images []string `yaml:"images" flag:"images" doc:"folders of images"`
	Side   int      `yaml:"side" flag:"side" range:"1..64" doc:"drop smaller images"`
	Do     struct {
		What string `yaml:"what" oneof:"count,wait,slow,fail,panic" doc:"how it ends"`
	} `yaml:"do"`
}

func small() Small {
	s := Small{Side: 8}
	s.Do.What = "count"
	return s
}

var schema = config.Schema[Small]{Base: small, Default: "usual", Presets: []config.Preset[Small]{
	{Name: "usual", Doc: "as one would", Make: small},
	{Name: "large", Doc: "large images alone", Make: func() Small { s := small(); s.Side = 16; return s }},
}}

func build(g *pipelines.Graph, s Small) error {
	if s.Side == 13 {
		return errors.New("13 brings bad luck")
	}
	images := pipelines.Add(g, "ingest", &ingest.Images{Source: s.Images, Labels: "folder"})
	large := pipelines.Add(g, "large", pipelines.Each(&Large{Side: s.Side}), images)
	pipelines.Add(g, "count", &Count{What: s.Do.What}, large)
	return nil
}

// Large drops small images.
type Large struct{ Side int }

func (l *Large) ProcessElement(_ context.Context, img *pipelines.Image, emit func(*pipelines.Image)) error {
	if img.Width >= l.Side {
		emit(img)
	}
	return nil
}

type number struct{}

// Count writes how many images there are, and beside it which process did.
type Count struct{ What string }

func (c *Count) Run(ctx context.Context, in pipelines.Artifact[pipelines.Images], out *pipelines.Output[number]) error {
	slog.Info("counting")
	switch c.What {
	case "fail":
		return errors.New("failed as asked")
	case "panic":
		panic("as asked")
	case "slow":
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(4 * time.Second):
		}
	case "wait":
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Minute):
			return errors.New("nobody stopped it")
		}
	}
	n := 0
	for _, err := range pipelines.References(in) {
		if err != nil {
			return err
		}
		n++
	}
	out.Note("by process %d", os.Getpid())
	return out.WriteFile("n.txt", append(strconv.AppendInt(nil, int64(n), 10), '\n'))
}

func init() {
	pipelines.Register(pipelines.Each(&Large{}))
	pipelines.Register(&Count{})
}

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"small":        func() { program.Main("small", schema, build) },
		"prism-server": prismServer,
	})
}

func TestTranscripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			for i := range 3 {
				stagetest.Write(t, filepath.Join(e.WorkDir, "photos", "a", fmt.Sprint(i, ".jpg")), stagetest.JPEG(t, 8*(1+i), 0, i))
			}
			return nil
		}})
}

// TestWorkerInAnotherProcess: the program is its own worker, and what that
// makes is the same.
func TestWorkerInAnotherProcess(t *testing.T) {
	bin, err := exec.LookPath("small")
	if err != nil {
		t.Fatal(err)
	}
	s := small()
	s.Images = []string{stagetest.Folder(t, 16, 3, "a", "b")}
	var numbers, notes []string
	for _, r := range []pipelines.Runner{prism.Runner{}, prism.Runner{Program: bin}} {
		g := pipelines.New("small", pipelines.Root(t.TempDir()))
		if err := build(g, s); err != nil {
			t.Fatal(err)
		}
		results, err := runners.Run(t.Context(), g, runners.Options{Runner: r})
		if err != nil {
			t.Fatal(err)
		}
		n, err := os.ReadFile(filepath.Join(g.Root(), "count", "n.txt"))
		if err != nil {
			t.Fatal(err)
		}
		numbers, notes = append(numbers, string(n)), append(notes, results[2].Manifest.Notes...)
	}
	if numbers[0] != "6\n" || numbers[1] != "6\n" {
		t.Errorf("counted %q", numbers)
	}
	if here := fmt.Sprintf("by process %d", os.Getpid()); len(notes) != 2 || notes[0] != here || notes[1] == here {
		t.Errorf("%q; this is process %d", notes, os.Getpid())
	}
}

func TestWorkersCommandLine(t *testing.T) {
	for _, c := range []struct {
		args []string
		is   bool
	}{
		{[]string{"run", "--json"}, false},
		{[]string{"--worker=true", "--id=1", "--control_endpoint=x"}, true},
		{[]string{"--worker", "--id=1"}, true},
		{[]string{"--id='1'", "--provision_endpoint=localhost:1"}, true},
		{[]string{"--workers=3"}, false},
		{nil, false},
	} {
		if program.IsWorker(c.args) != c.is {
			t.Errorf("%q: %v", c.args, !c.is)
		}
	}
}

// Page is a stage of the kinds that a run shows at its end.
type Page struct{}

func (*Page) Run(_ context.Context, _ pipelines.Artifact[pipelines.None], out *pipelines.Output[pipelines.Report]) error {
	return out.WriteFile("index.html", []byte("<p>"))
}

type Figures struct{}

func (*Figures) Run(_ context.Context, _ pipelines.Artifact[pipelines.None], out *pipelines.Output[pipelines.Metrics]) error {
	return out.WriteFile("metrics.json", []byte(`{"models":{"supervised":{"top1":0.25}}}`))
}

// TestFiguresOfARun are shown wherever it lies.
func TestFiguresOfARun(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, root := range []string{"r", "mem://figures/r"} {
		g := pipelines.New("page", pipelines.Root(root))
		pipelines.Add(g, "figures", &Figures{})
		pipelines.Add(g, "page", &Page{})
		var out strings.Builder
		if err := (program.Run{Graph: g, Err: &out, Again: "page run"}).Do(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"25.0 %", "report: " + root + "/page/index.html\n"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: no %q in\n%s", root, want, &out)
			}
		}
	}
}
