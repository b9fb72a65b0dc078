package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"strconv"

	"github.com/retort-ml/retort/pipelines"
)

// Counts is the kind of artifact that ClassCount makes: a file classes.csv.
// Any type serves as a kind; an edge of it fits no other.
type Counts struct{}

// ClassCount is an artifact stage: its Run sees whole artifacts. What comes in
// by position is the images; further inputs are fields.
type ClassCount struct {
	// Part, if set, are images that are counted in a column of their own.
	Part pipelines.Edge[pipelines.Images]
}

func init() { pipelines.Register(&ClassCount{}) }

// Run writes a row for every class, in order of name: the class, its images,
// and how many of them are in Part.
func (s *ClassCount) Run(ctx context.Context, in pipelines.Artifact[pipelines.Images], out *pipelines.Output[Counts]) error {
	all, err := count(in)
	if err != nil {
		return err
	}
	some := map[string]int{}
	if !s.Part.IsZero() {
		part, err := pipelines.Open(out.Job, s.Part)
		if err != nil {
			return err
		}
		if some, err = count(part); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	out.Count("classes", int64(len(all)))
	return out.WriteFile("classes.csv", table(all, some)) // whole or not at all
}

func count(images pipelines.Artifact[pipelines.Images]) (map[string]int, error) {
	n := map[string]int{}
	for ref, err := range pipelines.References(images) {
		if err != nil {
			return nil, err
		}
		n[ref.Class]++
	}
	return n, nil
}

func table(all, some map[string]int) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Write([]string{"class", "images", "part"})
	for _, class := range pipelines.SortedKeys(all) {
		w.Write([]string{class, strconv.Itoa(all[class]), strconv.Itoa(some[class])})
	}
	w.Flush() // a bytes.Buffer does not fail
	return b.Bytes()
}
