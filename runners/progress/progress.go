// Package progress shows how a run goes on: bars on a terminal, plain lines
// where there is none, one JSON object per line for programs.
package progress

import (
	"io"
	"os"

	"golang.org/x/term"

	"github.com/retort-ml/retort/internal/stdio"
	"github.com/retort-ml/retort/pipelines"
)

// Reporter is a pipelines.Reporter with an end.
type Reporter interface {
	pipelines.Reporter
	// Close ends what is drawn; nothing may be reported afterwards.
	Close()
}

// ForPeople reports on w: bars where w is a terminal, else plain lines.
func ForPeople(w io.Writer) Reporter {
	if screen := terminal(w); screen != nil {
		return Bars(screen)
	}
	return Lines(w)
}

// Quiet reports on w where it is a terminal, and nothing where it is not.
func Quiet(w io.Writer) Reporter {
	if screen := terminal(w); screen != nil {
		return Bars(screen)
	}
	return silent{}
}

type silent struct{ pipelines.Silent }

func (silent) Close() {}

// terminal is the file behind w where a person sees at once what is written to
// it, else nil.
func terminal(w io.Writer) *os.File {
	f, ok := w.(*os.File)
	if s, watched := w.(*stdio.Stream); watched {
		f, ok = s.File(), true
	}
	if ok && term.IsTerminal(int(f.Fd())) {
		return f
	}
	return nil
}

// Both reports to each of the reporters.
func Both(reporters ...Reporter) Reporter { return both(reporters) }

type both []Reporter

func (b both) Planned(steps []pipelines.Step) {
	for _, r := range b {
		r.Planned(steps)
	}
}

func (b both) Started(stage string) {
	for _, r := range b {
		r.Started(stage)
	}
}

func (b both) Progress(stage string, done, total int64, unit string, bytes int64) {
	for _, r := range b {
		r.Progress(stage, done, total, unit, bytes)
	}
}

func (b both) Metric(stage string, values map[string]float64) {
	for _, r := range b {
		r.Metric(stage, values)
	}
}

func (b both) Message(stage, text string) {
	for _, r := range b {
		r.Message(stage, text)
	}
}

func (b both) Finished(result pipelines.Result) {
	for _, r := range b {
		r.Finished(result)
	}
}

func (b both) Close() {
	for _, r := range b {
		r.Close()
	}
}
