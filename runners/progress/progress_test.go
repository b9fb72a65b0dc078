package progress

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/vbauerster/mpb/v8"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/pipelines"
)

func manifest() *artifact.Manifest {
	return &artifact.Manifest{
		Counts:     map[string]int64{"images": 1400, "duplicates": 2},
		Files:      []artifact.File{{Name: "a", Bytes: 1_500_000}},
		Quarantine: &artifact.Quarantine{Total: 3, Of: 1405, Reasons: map[string]int64{"truncated": 1, "zero-byte": 2}},
	}
}

// play is one run as a reporter sees it.
func play(r pipelines.Reporter) []pipelines.Result {
	r.Planned([]pipelines.Step{
		{Name: "ingest", Kind: "images", State: pipelines.Keep},
		{Name: "pretrain", Kind: "encoder", State: pipelines.Run, Why: "not made yet", Inputs: []string{"ingest"}},
	})
	results := []pipelines.Result{
		{Name: "ingest", State: pipelines.Keep, Manifest: manifest()},
		{Name: "pretrain", State: pipelines.Run, Seconds: 75, Manifest: &artifact.Manifest{Counts: map[string]int64{"steps": 400}}},
	}
	r.Finished(results[0])
	r.Started("pretrain")
	r.Metric("pretrain", map[string]float64{"loss": 4.25, "lr": math.NaN()})
	r.Progress("pretrain", 100, 400, "steps", 2_000_000)
	r.Message("pretrain", "goes on from step 50")
	r.Progress("pretrain", 400, 400, "steps", 8_000_000)
	r.Finished(results[1])
	return results
}

func TestLines(t *testing.T) {
	var b bytes.Buffer
	l := Lines(&b).(*lines)
	clock := time.Unix(0, 0)
	l.now = func() time.Time { clock = clock.Add(5 * time.Second); return clock }
	play(l)
	want := `ingest    kept: 1,400 images, 2 duplicates, 1.5 MB, 3 of 1,405 quarantined (2 zero-byte, 1 truncated)
pretrain  starts
pretrain  100 of 400 steps (25 %), loss 4.25
pretrain  goes on from step 50
pretrain  400 of 400 steps (100 %), 60 steps/s, 1.2 MB/s, loss 4.25
pretrain  done in 1 min 15 s: 400 steps
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestEndings(t *testing.T) {
	for _, c := range []struct {
		r    pipelines.Result
		want string
	}{
		{pipelines.Result{State: pipelines.Keep}, "kept"},
		{pipelines.Result{State: pipelines.Run, Seconds: 0.3}, "done in 0.3 s"},
		{pipelines.Result{State: pipelines.Run, Seconds: 3, Err: errors.New("x")}, "failed after 3.0 s"},
		{pipelines.Result{State: pipelines.Run, Seconds: 7300, Err: context.Canceled}, "stopped after 2 h 02 min"},
	} {
		if got := ending(c.r); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestBarsDrawAndEnd(t *testing.T) {
	var b bytes.Buffer
	r := Bars(&b, mpb.WithAutoRefresh(), mpb.WithRefreshRate(time.Millisecond))
	play(r)
	r.Started("distill") // still runs when the run is stopped
	r.Progress("distill", 3, 10, "steps", 0)
	time.Sleep(20 * time.Millisecond)
	ended := make(chan struct{})
	go func() { r.Close(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("Close hangs while a bar is drawn")
	}
	for _, want := range []string{"ingest    kept: ", "goes on from step 50", "done in 1 min 15 s", "3 of 10 steps (30 %)"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("nothing says %q in\n%q", want, b.String())
		}
	}
}

func TestEvents(t *testing.T) {
	var b bytes.Buffer
	e := JSON(&b)
	results := play(e)
	e.Done(results, Metrics{Models: map[string]ModelMetrics{"supervised": {Top1: 0.25, Top5: 0.5}, "finetuned": {Top1: 0.5}, "distilled": {Top1: 0.75}}})
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	var kinds []string
	for _, l := range lines {
		var v struct{ Event string }
		if err := json.Unmarshal([]byte(l), &v); err != nil {
			t.Fatalf("%v: %s", err, l)
		}
		kinds = append(kinds, v.Event)
	}
	if got, want := strings.Join(kinds, " "), "plan finish start metric progress message progress finish done"; got != want {
		t.Errorf("events are %s; want %s", got, want)
	}
	want := `{"event":"done","stages":[{"name":"ingest","state":"kept","seconds":0},{"name":"pretrain","state":"ran","seconds":75}],"metrics":{"distilled":{"top1":0.75},"finetuned":{"top1":0.5},"supervised":{"top1":0.25}}}`
	if last := lines[len(lines)-1]; last != want {
		t.Errorf("the last line is\n%s\nwant\n%s", last, want)
	}
}

func TestSummary(t *testing.T) {
	var b bytes.Buffer
	results := play(pipelines.Silent{})
	if err := Stages(&b, results); err != nil {
		t.Fatal(err)
	}
	if err := Results(&b, Metrics{Models: map[string]ModelMetrics{
		"supervised": {Top1: 0.25, Top5: 0.5, ECE: 0.1, Params: 1000}, "finetuned": {Top1: 0.5, Params: 4000}, "distilled": {Top1: 0.75, Params: 1000},
	}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1 of 2 stages ran in 1 min 15 s, the others were kept", "25.0 %", "the student has 1,000 parameters, the teacher 4,000: 25 %"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("nothing says %q in\n%s", want, b.String())
		}
	}
	if got := ranSentence(0, 11, 0); got != "everything kept: all 11 stages are up to date, nothing ran" {
		t.Error(got)
	}
}

func TestHuman(t *testing.T) {
	for got, want := range map[string]string{
		Count(-1234567): "-1,234,567", Count(-123): "-123", Count(999): "999",
		Bytes(0): "0 B", Bytes(999_600): "1.0 MB", Bytes(123e6): "123 MB", Bytes(5e15): "5000.0 TB",
		Rate(0.123): "0.12", Rate(12345): "12,345", Rate(math.Inf(1)): "?",
		Duration(59700 * time.Millisecond): "1 min 00 s", Plural(1, "stage"): "1 stage",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
