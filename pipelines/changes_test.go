package pipelines_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
)

// reading reads a file of the world, and may see it change meanwhile.
type reading struct {
	File string
}

func (s *reading) State(context.Context) (string, error) {
	data, err := os.ReadFile(s.File)
	return string(data), err
}

func (s *reading) Run(_ context.Context, _ pipelines.Artifact[pipelines.None], out *pipelines.Output[numbers]) error {
	data, err := os.ReadFile(s.File)
	if err != nil {
		return err
	}
	if changing != nil {
		changing()
	}
	return out.WriteFile("numbers.txt", data)
}

// changing is what happens while a stage runs; stages travel as JSON.
var changing func()

// messages keeps what people are told.
type messages struct {
	pipelines.Silent
	list []string
}

func (m *messages) Message(stage, text string) { m.list = append(m.list, stage+": "+text) }

// TestChangesWhileARunGoesOnAreTold: and the next run does the stage again by
// itself; a run that keeps everything has nothing to tell.
func TestChangesWhileARunGoesOnAreTold(t *testing.T) {
	file := filepath.Join(t.TempDir(), "world")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	root := t.TempDir()
	defer func() { changing = nil }()
	for i, c := range []struct {
		meanwhile string
		ran, told bool
	}{{"2", true, true}, {"", true, false}, {"", false, false}} {
		if i == 0 {
			write("1")
		}
		changing = nil
		if c.meanwhile != "" {
			changing = func() { write(c.meanwhile) }
		}
		g := pipelines.New("t", pipelines.Root(root))
		pipelines.Add(g, "reading", &reading{File: file})
		var m messages
		results, err := runners.Run(t.Context(), g, runners.Options{Reporter: &m})
		if err != nil {
			t.Fatal(err)
		}
		told := strings.Contains(strings.Join(m.list, "\n"), "reading: what it reads has changed since the run began: the next run does it again")
		if ran := results[0].State == pipelines.Run; ran != c.ran || told != c.told {
			t.Errorf("run %d: ran %v, told %v (%q); want %+v", i, ran, told, m.list, c)
		}
	}
}
