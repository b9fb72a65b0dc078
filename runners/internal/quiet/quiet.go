// Package quiet keeps the Beam SDK's own log off the user's terminal.
package quiet

import (
	"context"
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
		if !beam.Initialized() {
			beam.Init()
		}
		if os.Getenv("RETORT_BEAM_LOG") == "" { // after Init, which sets loggers of its own
			log.SetLogger(discard{})
			slog.SetDefault(slog.New(slog.DiscardHandler))
		}
	})
}

type discard struct{}

func (discard) Log(context.Context, log.Severity, int, string) {}
