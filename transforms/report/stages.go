package report

import (
	"strings"
	"time"

	"github.com/retort-ml/retort/internal/dagsvg"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/report/html"
)

// stages draws the graph of everything that the page's inputs come from.
func (g *gatherer) stages() error {
	past := g.job.Past()
	var start time.Time
	for _, name := range g.order(past) {
		p := past[name]
		t := p.Timings
		g.r.Seconds += t.Seconds
		if g.r.Host == "" && t.Host != "" {
			g.r.Host = t.Host
			g.fact("Runner", "%s", t.Runner)
			g.fact("Version", "%s", strings.Trim(p.Manifest.CodeVersion, "()"))
		}
		if at, err := time.Parse(time.RFC3339, t.Started); err == nil && (start.IsZero() || at.Before(start)) {
			start = at
		}
		g.node(p)
	}
	g.r.Started = start
	return nil
}

func (g *gatherer) node(p pipelines.Past) {
	m := p.Manifest
	n := dagsvg.Node{Name: m.Stage, Kind: m.Kind, Seconds: p.Timings.Seconds, Bytes: m.Bytes()}
	for _, name := range pipelines.SortedKeys(m.Counts) {
		if m.Counts[name] != 0 {
			n.Counts = append(n.Counts, dagsvg.Count{Name: name, N: m.Counts[name]})
		}
	}
	g.r.Graph.Nodes = append(g.r.Graph.Nodes, n)
	for _, in := range pipelines.SortedKeys(m.Inputs) {
		g.r.Graph.Edges = append(g.r.Graph.Edges, dagsvg.Edge{From: in, To: m.Stage})
	}
	for _, note := range m.Notes {
		g.r.Notes = append(g.r.Notes, m.Stage+": "+note)
	}
	if q := m.Quarantine; q != nil {
		g.r.Quarantines = append(g.r.Quarantines, quarantine(p))
	}
}

func quarantine(p pipelines.Past) html.Quarantine {
	m := p.Manifest
	q := html.Quarantine{Stage: m.Stage, Total: m.Quarantine.Total, Of: m.Quarantine.Of}
	for _, reason := range pipelines.SortedKeys(m.Quarantine.Reasons) {
		q.Reasons = append(q.Reasons, html.Reason{Reason: reason, Meaning: imagefile.Reason(reason).Meaning(), N: m.Quarantine.Reasons[reason]})
	}
	for _, r := range m.Quarantine.First {
		r.URI = p.Place(r.URI)
		name := r.Name
		if name == "" {
			name = r.URI
		}
		q.First = append(q.First, html.Rejected{Name: name, Reason: r.Reason, Detail: r.Detail, Image: thumbnail(r)})
	}
	for _, f := range m.Files {
		if strings.HasPrefix(f.Name, "quarantine") {
			q.File = m.Stage + "/" + f.Name
			break
		}
	}
	return q
}

// order lists stages so that inputs come first, and otherwise as the page tells
// the story: views and encoder, then the models as the table lists them.
func (g *gatherer) order(past map[string]pipelines.Past) []string {
	var names []string
	done := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		p, known := past[name]
		if !known || done[name] {
			return
		}
		done[name] = true
		for _, in := range pipelines.SortedKeys(p.Manifest.Inputs) {
			visit(in)
		}
		names = append(names, name)
	}
	edges := []string{g.made(g.stage.Images.Fingerprint()), g.made(g.stage.Sets.Fingerprint()), g.made(g.stage.Views.Fingerprint()), g.made(g.stage.Encoder.Fingerprint())}
	for _, name := range g.stage.Order {
		edges = append(edges, g.made(g.stage.Models[name].Fingerprint()))
	}
	for _, name := range append(edges, pipelines.SortedKeys(past)...) {
		visit(name)
	}
	return names
}

// made is the stage that made an input; "" where there is none.
func (g *gatherer) made(fingerprint string) string {
	for name, f := range g.job.Inputs() {
		if f == fingerprint {
			return name
		}
	}
	return ""
}
