package report

import (
	"path/filepath"
	"strings"
	"time"

	"github.com/retort-ml/retort/internal/dagsvg"
	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/report/html"
)

// stages draws the graph of everything that the page's inputs come from.
func (g *gatherer) stages() error {
	root := filepath.Dir(filepath.Clean(g.job.Path(".")))
	manifests, err := g.ancestors(root)
	if err != nil {
		return err
	}
	var start time.Time
	for _, name := range g.order(manifests) {
		m := manifests[name]
		t := artifact.LoadTimings(filepath.Join(root, name))
		g.r.Seconds += t.Seconds
		if g.r.Host == "" && t.Host != "" {
			g.r.Host = t.Host
			g.fact("Runner", "%s", t.Runner)
			g.fact("Version", "%s", strings.Trim(m.CodeVersion, "()"))
		}
		if at, err := time.Parse(time.RFC3339, t.Started); err == nil && (start.IsZero() || at.Before(start)) {
			start = at
		}
		g.node(m, t)
	}
	g.r.Started = start
	return nil
}

// ancestors are the manifests of all stages before this one. A folder that
// another graph left in the same root is none of them.
func (g *gatherer) ancestors(root string) (map[string]*artifact.Manifest, error) {
	found := map[string]*artifact.Manifest{}
	var visit func(stage, fingerprint string)
	visit = func(stage, fingerprint string) {
		if found[stage] != nil {
			return
		}
		m, err := artifact.Load(filepath.Join(root, stage))
		if err != nil || m.Fingerprint != fingerprint {
			return // it lies elsewhere, or was redone by a graph since
		}
		found[stage] = m
		for _, in := range pipelines.SortedKeys(m.Inputs) {
			visit(in, m.Inputs[in])
		}
	}
	for _, in := range pipelines.SortedKeys(g.job.Inputs()) {
		visit(in, g.job.Inputs()[in])
	}
	return found, nil
}

func (g *gatherer) node(m *artifact.Manifest, t artifact.Timings) {
	n := dagsvg.Node{Name: m.Stage, Kind: m.Kind, Seconds: t.Seconds, Bytes: m.Bytes()}
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
		g.r.Quarantines = append(g.r.Quarantines, quarantine(m))
	}
}

func quarantine(m *artifact.Manifest) html.Quarantine {
	q := html.Quarantine{Stage: m.Stage, Total: m.Quarantine.Total, Of: m.Quarantine.Of}
	for _, reason := range pipelines.SortedKeys(m.Quarantine.Reasons) {
		q.Reasons = append(q.Reasons, html.Reason{Reason: reason, Meaning: imagefile.Reason(reason).Meaning(), N: m.Quarantine.Reasons[reason]})
	}
	for _, r := range m.Quarantine.First {
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
func (g *gatherer) order(manifests map[string]*artifact.Manifest) []string {
	var names []string
	done := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		m := manifests[name]
		if m == nil || done[name] {
			return
		}
		done[name] = true
		for _, in := range pipelines.SortedKeys(m.Inputs) {
			visit(in)
		}
		names = append(names, name)
	}
	edges := []string{g.made(g.stage.Images.Fingerprint()), g.made(g.stage.Sets.Fingerprint()), g.made(g.stage.Views.Fingerprint()), g.made(g.stage.Encoder.Fingerprint())}
	for _, name := range g.stage.Order {
		edges = append(edges, g.made(g.stage.Models[name].Fingerprint()))
	}
	for _, name := range append(edges, pipelines.SortedKeys(manifests)...) {
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
