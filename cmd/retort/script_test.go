package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

type script = testscript.TestScript

// scriptCommands are what transcripts know beside exec, cmp, grep, ….
var scriptCommands = map[string]func(ts *script, neg bool, args []string){
	"ran":     scriptRan,
	"same":    scriptSame,
	"flip":    scriptFlip,
	"picture": scriptPicture,
	"archive": scriptArchive,
	"bundle":  scriptBundle,
}

// doneEvent is the last line of retort run --json.
type doneEvent struct {
	Event  string `json:"event"`
	Stages []struct {
		Name    string   `json:"name"`
		State   string   `json:"state"`
		Seconds *float64 `json:"seconds"`
	} `json:"stages"`
	Metrics map[string]struct {
		Top1 *float64 `json:"top1"`
	} `json:"metrics"`
}

// scriptRan checks the last line of stdout, the done event of the last run:
// "ran STAGE…" just these stages ran; "ran all"; "ran none". Where evaluate is
// among the stages all figures must be there.
func scriptRan(ts *script, neg bool, want []string) {
	if neg || len(want) == 0 {
		ts.Fatalf("usage: ran all | none | STAGE…")
	}
	lines := strings.Split(strings.TrimSpace(ts.ReadFile("stdout")), "\n")
	var done doneEvent
	d := json.NewDecoder(strings.NewReader(lines[len(lines)-1]))
	d.DisallowUnknownFields()
	if err := d.Decode(&done); err != nil || done.Event != "done" {
		ts.Fatalf("the last line is no done event (%v): %s", err, lines[len(lines)-1])
	}
	var all, ran []string
	for _, s := range done.Stages {
		all = append(all, s.Name)
		switch {
		case s.Seconds == nil || *s.Seconds < 0:
			ts.Fatalf("%s has no seconds", s.Name)
		case s.State == "ran":
			ran = append(ran, s.Name)
		case s.State != "kept":
			ts.Fatalf("%s has the state %q", s.Name, s.State)
		}
	}
	switch want[0] {
	case "all":
		want = all
	case "none":
		want = nil
	}
	if !slices.Equal(ran, want) {
		ts.Fatalf("ran: %v\nwant: %v", ran, want)
	}
	checkMetrics(ts, done, slices.Contains(all, "evaluate"))
}

func checkMetrics(ts *script, done doneEvent, evaluated bool) {
	names := []string{"supervised", "finetuned", "distilled"}
	if !evaluated {
		names = nil
	}
	if len(done.Metrics) != len(names) {
		ts.Fatalf("metrics of %d models, want %v", len(done.Metrics), names)
	}
	for _, name := range names {
		if x := done.Metrics[name].Top1; x == nil || *x < 0 || *x > 1 {
			ts.Fatalf("metrics has no top1 in 0 to 1 for %s", name)
		}
	}
}

// scriptSame compares the artifacts of two runs byte for byte: "same RUN RUN
// [but STAGE…]". With a leading ! each of the stages named after "but" must
// differ instead.
func scriptSame(ts *script, neg bool, args []string) {
	if len(args) < 2 || len(args) > 2 && args[2] != "but" {
		ts.Fatalf("usage: same RUN RUN [but STAGE…]")
	}
	differs, err := compareRuns(ts.MkAbs(args[0]), ts.MkAbs(args[1]))
	ts.Check(err)
	var but []string
	if len(args) > 3 {
		but = args[3:]
	}
	stages := map[string]bool{}
	for _, path := range differs {
		stage, _, _ := strings.Cut(path, "/")
		stages[stage] = true
		if !slices.Contains(but, stage) {
			ts.Fatalf("differs: %v", differs)
		}
	}
	for _, stage := range but {
		if neg && !stages[stage] {
			ts.Fatalf("%s does not differ", stage)
		}
	}
}

// scriptFlip flips one bit: "flip FILE OFFSET", from the end where it is below 0.
// FILE may be a pattern; the first match is taken.
func scriptFlip(ts *script, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: flip FILE OFFSET")
	}
	found, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(found) == 0 {
		ts.Fatalf("no file matches %s", args[0])
	}
	data, err := os.ReadFile(found[0])
	ts.Check(err)
	at, err := strconv.Atoi(args[1])
	ts.Check(err)
	if at < 0 {
		at += len(data)
	}
	data[at] ^= 0x10
	ts.Check(os.WriteFile(found[0], data, 0o644))
}
