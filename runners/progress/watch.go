package progress

import (
	"io"
	"time"
)

// Watch shows the progress of work that is no stage: a bar on a terminal, else
// a line every five seconds, so that short work says nothing.
func Watch(w io.Writer, name string) (tell func(done, total int64, unit string, bytes int64), stop func()) {
	var r Reporter
	if screen := terminal(w); screen != nil {
		r = Bars(screen)
		r.Started(name)
	} else {
		now := time.Now()
		r = &lines{w: w, now: time.Now, told: now, running: map[string]*gauge{name: newGauge(name, now)}}
	}
	return func(done, total int64, unit string, bytes int64) { r.Progress(name, done, total, unit, bytes) }, r.Close
}
