package dagsvg

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func retort() ([]Node, []Edge) {
	nodes := []Node{
		{Name: "ingest", Kind: "images", State: StateKept, Counts: []Count{{"images", 50000}, {"quarantined", 12}}, Seconds: 12, Bytes: 5e6},
		{Name: "split", Kind: "sets", State: StateKept, Counts: []Count{{"labelled", 500}}},
		{Name: "views", Kind: "views", State: StateRan, Counts: []Count{{"views", 100000}}, Seconds: 85, Bytes: 9e8},
		{Name: "pretrain", Kind: "encoder", State: StateRan, Seconds: 1800, Bytes: 45e6},
		{Name: "finetune", Kind: "classifier", State: StateRan},
		{Name: "baseline", Kind: "classifier", State: StateRan},
		{Name: "label", Kind: "targets", State: StatePending},
		{Name: "distill", Kind: "classifier", State: StatePending},
		{Name: "evaluate", Kind: "metrics", State: StateFailed},
		{Name: "report", Kind: "page"},
	}
	edges := []Edge{
		{"ingest", "split", ""}, {"ingest", "views", ""}, {"split", "views", ""}, {"views", "pretrain", ""},
		{"pretrain", "finetune", ""}, {"split", "finetune", ""}, {"split", "baseline", ""}, {"finetune", "label", ""},
		{"split", "label", ""}, {"label", "distill", ""}, {"split", "distill", ""}, {"finetune", "evaluate", ""},
		{"baseline", "evaluate", ""}, {"distill", "evaluate", ""}, {"evaluate", "report", ""},
	}
	return nodes, edges
}

// check parses the picture and returns its texts.
func check(t *testing.T, svg string) string {
	t.Helper()
	var text strings.Builder
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return text.String()
		}
		if err != nil {
			t.Fatalf("not well-formed: %v\n%s", err, svg)
		}
		if c, ok := tok.(xml.CharData); ok {
			text.Write(c)
			text.WriteByte('\n')
		}
	}
}

func TestDrawShowsEverything(t *testing.T) {
	nodes, edges := retort()
	svg := Draw(nodes, edges)
	text := check(t, svg)
	for _, n := range nodes {
		if !strings.Contains(text, n.Name) {
			t.Errorf("no %s in the picture", n.Name)
		}
	}
	for _, want := range []string{"50,000 images · 12 quarantined", "30 min 00 s", "45.0 MB", "kept", "ran"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the picture", want)
		}
	}
	if got := strings.Count(svg, `class="edge"`); got != len(edges) {
		t.Errorf("%d edges drawn, want %d", got, len(edges))
	}
	if svg != Draw(nodes, edges) {
		t.Error("the same graph gives different bytes")
	}
}

func TestLayersRespectEdgesAndBoxesDoNotOverlap(t *testing.T) {
	nodes, edges := retort()
	for i := range 40 { // a wide fan, too
		nodes = append(nodes, Node{Name: fmt.Sprint("fan", i)})
		edges = append(edges, Edge{From: nodes[i%10].Name, To: nodes[len(nodes)-1].Name})
	}
	l := layOut(nodes, edges)
	at := map[string]box{}
	for i, a := range l.boxes {
		at[a.Name] = a
		if a.x < 0 || a.y < 0 || a.x+a.w > float64(l.width) || a.y+a.h > float64(l.height) {
			t.Errorf("%s leaves the picture", a.Name)
		}
		for _, b := range l.boxes[:i] {
			if a.x < b.x+b.w && b.x < a.x+a.w && a.y < b.y+b.h && b.y < a.y+a.h {
				t.Errorf("%s and %s overlap", a.Name, b.Name)
			}
		}
	}
	for _, e := range edges {
		if from, to := at[e.From], at[e.To]; from.y+from.h >= to.y {
			t.Errorf("edge %s -> %s does not point down", e.From, e.To)
		}
	}
}

func TestReduceKeepsWhatFollowsOnWhat(t *testing.T) {
	_, edges := retort()
	got := map[string]bool{}
	for _, e := range Reduce(edges) {
		got[e.From+" "+e.To] = true
	}
	for _, want := range []string{"ingest split", "split views", "views pretrain", "pretrain finetune", "finetune label", "label distill",
		"split baseline", "baseline evaluate", "distill evaluate", "evaluate report"} {
		if !got[want] {
			t.Errorf("%s is gone", want)
		}
	}
	if len(got) != 10 {
		t.Errorf("%d edges left, want 10: %v", len(got), got)
	}
	for _, odd := range [][]Edge{nil, {{"a", "a", ""}}, {{"a", "b", ""}, {"b", "a", ""}}, {{"a", "b", ""}, {"a", "b", ""}}} {
		if n := len(Reduce(odd)); n != len(odd) {
			t.Errorf("%d of %v left", n, odd)
		}
	}
}

func TestOddGraphs(t *testing.T) {
	for name, g := range map[string]struct {
		nodes []Node
		edges []Edge
	}{
		"empty":           {},
		"one":             {nodes: []Node{{Name: "a"}}},
		"cycle":           {[]Node{{Name: "a"}, {Name: "b"}, {Name: "c"}}, []Edge{{"a", "b", ""}, {"b", "c", ""}, {"c", "a", ""}}},
		"self and ghost":  {[]Node{{Name: "a"}}, []Edge{{"a", "a", ""}, {"a", "nobody", ""}}},
		"two of one name": {[]Node{{Name: "a"}, {Name: "a"}}, []Edge{{"a", "a", ""}}},
		"twice the edge":  {[]Node{{Name: "a"}, {Name: "b"}}, []Edge{{"a", "b", ""}, {"a", "b", ""}}},
		"unnamed":         {[]Node{{}, {Name: "b"}}, []Edge{{"", "b", ""}}},
	} {
		t.Run(name, func(t *testing.T) { check(t, Draw(g.nodes, g.edges)) })
	}
}

func TestHostileText(t *testing.T) {
	evil := `"><script>alert(1)</script>&` + "\x00\x1b\xff" + strings.Repeat("long ", 200)
	svg := Draw([]Node{{Name: evil, Kind: evil, State: evil, Tip: evil, Counts: []Count{{evil, -1}}}, {Name: "b"}}, []Edge{{evil, "b", evil}})
	check(t, svg)
	if strings.Contains(svg, "<script") {
		t.Error("text is not escaped")
	}
	if l := layOut([]Node{{Name: evil}}, nil); l.width > maxBox+2*margin {
		t.Errorf("a long name makes the picture %d wide", l.width)
	}
}

func FuzzDraw(f *testing.F) {
	f.Add("a", "b", "a", "b")
	f.Add("<", "&", "\x00", "\xff")
	f.Fuzz(func(t *testing.T, a, b, from, to string) {
		check(t, Draw([]Node{{Name: a, Kind: b}, {Name: b}, {Name: from}}, []Edge{{a, b, to}, {from, to, a}, {b, from, ""}}))
	})
}
