package pipelines_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/retort-ml/retort/pipelines"
)

// gated is a stage that is at work until it may leave.
type gated struct{}

var gate = struct{ entered, leave chan struct{} }{make(chan struct{}), make(chan struct{})}

func (*gated) Run(_ context.Context, _ pipelines.Artifact[pipelines.None], out *pipelines.Output[numbers]) error {
	gate.entered <- struct{}{}
	<-gate.leave
	return out.WriteFile("gated.txt", []byte("done"))
}

// TestGraphsAndPipelinesGuardAFolderAlike: who comes second, by Execute or by Apply,
// is told that the folder is in use, and the first is not disturbed.
func TestGraphsAndPipelinesGuardAFolderAlike(t *testing.T) {
	ways := map[string]func(t *testing.T, root string) error{
		"Execute": func(t *testing.T, root string) error {
			g := pipelines.New("gated", pipelines.Root(root))
			pipelines.Add(g, "gated", &gated{})
			_, err := run(t, g, "direct")
			return err
		},
		"Apply": func(t *testing.T, root string) error {
			p, s := beam.NewPipelineWithRoot()
			pipelines.Apply(s, filepath.Join(root, "gated"), &gated{})
			return execute(t, "direct", p)
		},
	}
	for first, begin := range ways {
		for second, follow := range ways {
			t.Run(first+" then "+second, func(t *testing.T) {
				root, ended := t.TempDir(), make(chan error)
				go func() { ended <- begin(t, root) }()
				<-gate.entered
				if err := follow(t, root); err == nil || !strings.Contains(err.Error(), "in use") {
					t.Errorf("got %v; want that the folder is in use", err)
				}
				gate.leave <- struct{}{}
				if err := <-ended; err != nil {
					t.Errorf("the first run: %v", err)
				}
			})
		}
	}
}
