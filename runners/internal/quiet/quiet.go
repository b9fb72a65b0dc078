// Package quiet keeps what the Beam SDK says about a run of ours to itself, and
// leaves the loggers of the program that we are a guest in alone.
package quiet

import (
	"context"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/graphx/schema"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
)

// loud is set by people who look into Beam itself.
var loud = os.Getenv("RETORT_BEAM_LOG") != ""

// Beam's logger says nothing under a context of ours, and what it always said
// under others. It is set in an init function, so that a program that sets one
// of its own has its way.
func init() { log.SetLogger(logger{}) }

type mark struct{}

type logger struct{ others log.Structural }

func (l logger) Log(ctx context.Context, severity log.Severity, depth int, text string) {
	if ctx.Value(mark{}) == nil || loud {
		l.others.Log(ctx, severity, depth+1, text)
	}
}

var prepare = sync.OnceFunc(func() {
	if !beam.Initialized() && beam.EnableSchemas {
		schema.Initialize()
	}
})

// Beam makes Beam ready for a run in this process and returns the context to
// run it under. It does what beam.Init does but for one thing: that replaces
// the default loggers of log and log/slog.
func Beam(ctx context.Context) context.Context {
	prepare()
	return context.WithValue(ctx, mark{}, true)
}

// Handler hands to next what anyone but Beam logs: for a program that is its
// own host.
func Handler(next slog.Handler) slog.Handler {
	if loud {
		return next
	}
	return handler{next}
}

type handler struct{ slog.Handler }

func (h handler) Handle(ctx context.Context, r slog.Record) error {
	frame, _ := runtime.CallersFrames([]uintptr{r.PC}).Next()
	if strings.HasPrefix(frame.Function, "github.com/apache/beam/") {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs)}
}
func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }
