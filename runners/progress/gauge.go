package progress

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// gauge follows one running stage.
type gauge struct {
	stage         string
	started       time.Time
	seen          bool // a Progress came
	done, total   int64
	unit          string
	bytes         int64
	loss          float64 // NaN: none came
	rate, byteRat float64 // units and bytes per second, smoothed
	lastAt        time.Time
	lastDone      int64
	lastBytes     int64
}

// smoothing is the time over which speeds are averaged, so that the time left
// does not jump about.
const smoothing = 5 * time.Second

func newGauge(stage string, now time.Time) *gauge {
	return &gauge{stage: stage, started: now, lastAt: now, loss: math.NaN()}
}

// progress takes in what a stage reports. The first report of a stage that
// resumes may start anywhere, whatever stage it is: speed is counted from there.
func (g *gauge) progress(now time.Time, done, total int64, unit string, bytes int64) {
	g.done, g.total, g.unit, g.bytes = done, total, unit, bytes
	dt := now.Sub(g.lastAt).Seconds()
	if !g.seen {
		g.seen = true
	} else if dt <= 0 {
		return
	} else {
		keep := math.Exp(-dt / smoothing.Seconds())
		if g.rate == 0 { // there is nothing to smooth
			keep = 0
		}
		g.rate = keep*g.rate + (1-keep)*float64(done-g.lastDone)/dt
		g.byteRat = keep*g.byteRat + (1-keep)*float64(bytes-g.lastBytes)/dt
	}
	g.lastAt, g.lastDone, g.lastBytes = now, done, bytes
}

func (g *gauge) metric(values map[string]float64) {
	if loss, ok := values["loss"]; ok {
		g.loss = loss
	}
}

// speed is "1,200 images/s, 34 MB/s, 12 s left, loss 4.21", as far as known.
func (g *gauge) speed() string {
	var parts []string
	if g.seen && g.rate > 0 {
		parts = append(parts, g.speedOf())
	}
	if g.byteRat > 0 {
		parts = append(parts, Bytes(g.byteRat)+"/s")
	}
	if left, ok := g.left(); ok {
		parts = append(parts, Duration(left)+" left")
	}
	if !math.IsNaN(g.loss) {
		parts = append(parts, fmt.Sprintf("loss %.4g", g.loss))
	}
	return strings.Join(parts, ", ")
}

func (g *gauge) left() (time.Duration, bool) {
	if g.total <= g.done || g.rate <= 0 {
		return 0, false
	}
	seconds := float64(g.total-g.done) / g.rate
	if seconds > 1e9 {
		return 0, false
	}
	return time.Duration(seconds * float64(time.Second)), true
}

// amount is "120 of 400 images (30 %)".
func (g *gauge) amount() string {
	if !g.seen {
		return ""
	}
	if g.total <= 0 {
		return fmt.Sprintf("%s %s", Count(g.done), g.unit)
	}
	return fmt.Sprintf("%s of %s %s (%d %%)", Count(g.done), Count(g.total), g.unit, 100*g.done/g.total)
}

func (g *gauge) line() string {
	parts := make([]string, 0, 2)
	for _, p := range []string{g.amount(), g.speed()} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ", ")
}

func (g *gauge) speedOf() string {
	if g.unit == "bytes" {
		return Bytes(g.rate) + "/s"
	}
	return fmt.Sprintf("%s %s/s", Rate(g.rate), g.unit)
}
