// Package quiet keeps the Beam SDK's own log off the user's terminal.
package quiet

import (
	"context"
	"io"
	"log/slog"
	"os"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
)

var once sync.Once

// Beam silences Beam's log unless RETORT_BEAM_LOG is set, and initialises Beam
// for runners in this process.
func Beam() {
	once.Do(func() {
		if os.Getenv("RETORT_BEAM_LOG") == "" {
			log.SetLogger(discard{})
			slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
		}
		if !beam.Initialized() {
			beam.Init()
		}
	})
}

type discard struct{}

func (discard) Log(context.Context, log.Severity, int, string) {}
