// Command testcount reads the output of "go test -json", shows what people
// need of it, and ends with "N passed, N failed, N skipped".
//
//	go test -json ./... | go run ./internal/testcount
//
// It counts tests that have no subtests, and subtests. The exit code is 1 when
// a test failed, a package did not build, or nothing ran at all.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	c, err := count(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testcount:", err)
		os.Exit(1)
	}
	fmt.Println(c)
	if !c.good() {
		os.Exit(1)
	}
}

// event is a line of "go test -json".
type event struct {
	Action     string
	Package    string
	ImportPath string
	Test       string
	Output     string
	Elapsed    float64
}

type counts struct{ passed, failed, skipped, broken int }

func (c counts) good() bool { return c.failed == 0 && c.broken == 0 && c.passed > 0 }

func (c counts) String() string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", c.passed, c.failed+c.broken, c.skipped)
}

// run follows tests until they end.
type run struct {
	counts
	out      io.Writer
	output   map[string][]string // by test, kept until it is known to be good
	parents  map[string]bool
	failures map[string]bool // packages in which a test failed
}

func count(r io.Reader, w io.Writer) (counts, error) {
	t := run{out: w, output: map[string][]string{}, parents: map[string]bool{}, failures: map[string]bool{}}
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			t.line(line)
		}
		if err == io.EOF {
			return t.counts, nil
		}
		if err != nil {
			return t.counts, err
		}
	}
}

func (t *run) line(line []byte) {
	var e event
	if line[0] != '{' || json.Unmarshal(line, &e) != nil { // a word of the go command itself
		fmt.Fprintf(t.out, "%s", line)
		return
	}
	key := e.Package + " " + e.Test
	switch e.Action {
	case "run":
		if i := strings.LastIndexByte(e.Test, '/'); i >= 0 {
			t.parents[e.Package+" "+e.Test[:i]] = true
		}
	case "output", "build-output":
		if e.Action == "build-output" {
			fmt.Fprint(t.out, e.Output)
			return
		}
		t.output[key] = append(t.output[key], e.Output)
	case "pass", "fail", "skip":
		t.ended(e, key)
	}
}

func (t *run) ended(e event, key string) {
	defer delete(t.output, key)
	if e.Action == "fail" || e.Action == "skip" && e.Test != "" {
		fmt.Fprint(t.out, strings.Join(t.output[key], ""))
	}
	switch {
	case e.Test == "":
		t.packageEnded(e)
	case e.Action == "fail":
		t.failures[e.Package] = true
		if !t.parents[key] {
			t.failed++
		}
	case t.parents[key]:
	case e.Action == "skip":
		t.skipped++
	default:
		t.passed++
	}
}

// packageEnded counts a package that fails without a failing test: it did not
// build, or it broke off.
func (t *run) packageEnded(e event) {
	if e.Action == "fail" && !t.failures[e.Package] {
		t.broken++
	}
	if e.Action != "skip" {
		fmt.Fprintf(t.out, "%s\t%s\t%.1f s\n", e.Action, e.Package, e.Elapsed)
	}
}
