package progress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/retort-ml/retort/pipelines"
)

// lineInterval is how often a running stage gets a line.
const lineInterval = 5 * time.Second

// Lines reports in plain lines: one when a stage starts, one when it ends, and
// one about every five seconds between.
func Lines(w io.Writer) Reporter { return &lines{w: w, running: map[string]*gauge{}, now: time.Now} }

type lines struct {
	mu      sync.Mutex
	w       io.Writer
	running map[string]*gauge
	told    time.Time
	width   int // of the longest stage name
	why     map[string]string
	now     func() time.Time
}

func (l *lines) say(stage, format string, args ...any) {
	fmt.Fprintf(l.w, "%-*s  %s\n", l.width, stage, fmt.Sprintf(format, args...))
}

func (l *lines) Planned(steps []pipelines.Step) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.width, l.why = nameWidth(steps), reasons(steps)
}

// reasons says for stages why they run, where there is more to say than that
// they never did.
func reasons(steps []pipelines.Step) map[string]string {
	why := map[string]string{}
	for _, s := range steps {
		if s.State == pipelines.Run && !strings.HasPrefix(s.Why, pipelines.WhyNew) {
			why[s.Name] = s.Why
		}
	}
	return why
}

func nameWidth(steps []pipelines.Step) int {
	width := 0
	for _, s := range steps {
		width = max(width, len(s.Name))
	}
	return width
}

func (l *lines) Started(stage string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told = l.now()
	l.running[stage] = newGauge(stage, l.told)
	if why := l.why[stage]; why != "" {
		l.say(stage, "starts: %s", why)
		return
	}
	l.say(stage, "starts")
}

func (l *lines) Progress(stage string, done, total int64, unit string, bytes int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	g, ok := l.running[stage]
	if !ok {
		return
	}
	now := l.now()
	g.progress(now, done, total, unit, bytes)
	if now.Sub(l.told) >= lineInterval {
		l.told = now
		l.say(stage, "%s", g.line())
	}
}

func (l *lines) Metric(stage string, values map[string]float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if g, ok := l.running[stage]; ok {
		g.metric(values)
	}
}

func (l *lines) Message(stage, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.say(stage, "%s", text)
}

func (l *lines) Finished(r pipelines.Result) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.running, r.Name)
	l.say(r.Name, "%s", ending(r))
}

func (l *lines) Close() {}

// ending is what is said of a stage at its end: "done in 3.2 s: 400 images".
func ending(r pipelines.Result) string {
	took := Duration(time.Duration(r.Seconds * float64(time.Second)))
	switch {
	case errors.Is(r.Err, context.Canceled):
		return "stopped after " + took
	case r.Err != nil:
		return "failed after " + took
	case r.State == pipelines.Keep:
		return strings.TrimSuffix("kept: "+contents(r.Manifest), ": ")
	}
	return strings.TrimSuffix("done in "+took+": "+contents(r.Manifest), ": ")
}
