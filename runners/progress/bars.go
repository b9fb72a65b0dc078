package progress

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/retort-ml/retort/pipelines"
)

// Bars draws a bar for every running stage on a terminal. What has ended
// becomes a line above the bars.
func Bars(w io.Writer, options ...mpb.ContainerOption) Reporter {
	options = append([]mpb.ContainerOption{mpb.WithOutput(w), mpb.WithWidth(36), mpb.WithRefreshRate(150 * time.Millisecond)}, options...)
	b := &bars{container: mpb.New(options...), running: map[string]*bar{}}
	b.lines = lines{w: b.container, running: map[string]*gauge{}, now: time.Now}
	return b
}

type bars struct {
	container *mpb.Progress
	lines     lines // what is written above the bars

	mu      sync.Mutex
	running map[string]*bar
}

type bar struct {
	*mpb.Bar
	mu sync.Mutex
	gauge
}

func (b *bars) Planned(steps []pipelines.Step) { b.lines.Planned(steps) }

func (b *bars) Started(stage string) {
	if why := b.lines.why[stage]; why != "" {
		b.lines.Message(stage, why)
	}
	one := &bar{gauge: *newGauge(stage, time.Now())}
	one.Bar = b.container.AddBar(0,
		mpb.PrependDecorators(decor.Name(fmt.Sprintf("%-*s", b.lines.width, stage))),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return one.status() })),
		mpb.BarFillerTrim(),
	)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running[stage] = one
}

// status is the text behind a bar.
func (b *bar) status() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if line := b.line(); line != "" {
		return " " + line
	}
	return " " + Duration(time.Since(b.started))
}

func (b *bars) find(stage string) *bar {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.running[stage]
}

func (b *bars) Progress(stage string, done, total int64, unit string, bytes int64) {
	one := b.find(stage)
	if one == nil {
		return
	}
	one.mu.Lock()
	one.progress(time.Now(), done, total, unit, bytes)
	one.mu.Unlock()
	// one more than there is: a full bar would end before its stage does
	one.SetTotal(total+1, false)
	one.SetCurrent(min(done, total))
}

func (b *bars) Metric(stage string, values map[string]float64) {
	if one := b.find(stage); one != nil {
		one.mu.Lock()
		one.metric(values)
		one.mu.Unlock()
	}
}

func (b *bars) Message(stage, text string) { b.lines.Message(stage, text) }

func (b *bars) Finished(r pipelines.Result) {
	b.mu.Lock()
	one := b.running[r.Name]
	delete(b.running, r.Name)
	b.mu.Unlock()
	if one != nil {
		one.Abort(true)
	}
	b.lines.Finished(r)
}

// Close takes the bars of what still ran away and waits until all is drawn.
func (b *bars) Close() {
	b.mu.Lock()
	for _, one := range b.running {
		one.Abort(true)
	}
	b.running = map[string]*bar{}
	b.mu.Unlock()
	b.container.Wait()
}
