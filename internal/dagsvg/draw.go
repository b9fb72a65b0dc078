package dagsvg

import (
	"fmt"
	"html"
	"strings"
	"unicode"

	"github.com/retort-ml/retort/internal/units"
)

// Text sizes and the geometry inside a box, in SVG units.
const (
	nameSize  = 14.0
	smallSize = 12.0
	padX      = 14.0
	lineHigh  = 17.0
)

// face is what is written in a box.
type face struct {
	name  string
	kind  string
	lines []string
	w, h  float64
}

// faceOf chooses the words of a box and measures them. The room for the time
// does not depend on the time: the same graph looks the same after every run.
func faceOf(n Node) face {
	f := face{name: fit(n.Name, nameSize*1.06, maxBox-2*padX-60)}
	f.kind = fit(n.Kind, smallSize, maxBox-2*padX)
	f.lines = countLines(n.Counts)
	w := textWidth(f.name, nameSize*1.06) + textWidth(n.State, smallSize) + 32
	w = max(w, textWidth(f.kind, smallSize))
	for _, line := range f.lines {
		w = max(w, textWidth(line, smallSize))
	}
	if cost := costLine(n); cost != "" {
		f.lines = append(f.lines, fit(cost, smallSize, maxBox-2*padX))
		n.Seconds = 59*60 + 59
		w = max(w, textWidth(costLine(n), smallSize))
	}
	f.w = min(maxBox, max(minBox, w+2*padX))
	f.h = 36
	if f.kind != "" {
		f.h += lineHigh
	}
	f.h += lineHigh * float64(len(f.lines))
	return f
}

// countLines wraps the counts; what does not fit is left to the hover text.
func countLines(counts []Count) []string {
	const room, most = 172.0, 3
	var lines []string
	for i, c := range counts {
		part := units.Count(c.N) + " " + c.Name
		last := len(lines) - 1
		if i > 0 && textWidth(lines[last]+" · "+part, smallSize) <= room {
			lines[last] += " · " + part
			continue
		}
		if len(lines) == most {
			lines[last] += " …"
			break
		}
		lines = append(lines, part)
	}
	for i := range lines {
		lines[i] = fit(lines[i], smallSize, maxBox-2*padX)
	}
	return lines
}

func countLine(counts []Count) string {
	var parts []string
	for _, c := range counts {
		parts = append(parts, units.Count(c.N)+" "+c.Name)
	}
	return strings.Join(parts, " · ")
}

func costLine(n Node) string {
	var parts []string
	if n.Seconds > 0 {
		parts = append(parts, units.Seconds(n.Seconds))
	}
	if n.Bytes > 0 {
		parts = append(parts, units.Bytes(n.Bytes))
	}
	return strings.Join(parts, " · ")
}

// textWidth estimates the width of s in a common sans serif face, on the safe
// side.
func textWidth(s string, size float64) float64 {
	em := 0.0
	for _, r := range s {
		switch {
		case strings.ContainsRune(" .,:;'|!ijlftI()[]·", r):
			em += 0.36
		case strings.ContainsRune("mwMW@%", r):
			em += 0.97
		case unicode.IsUpper(r):
			em += 0.74
		case r >= 0x1100 && !unicode.In(r, unicode.Cyrillic, unicode.Greek):
			em += 1.05
		default:
			em += 0.62
		}
	}
	return em * size
}

// fit cuts s to a width, marking the cut; control characters become spaces.
func fit(s string, size, width float64) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if textWidth(s, size) <= width {
		return s
	}
	r := []rune(s)
	for len(r) > 1 && textWidth(string(r)+"…", size) > width {
		r = r[:len(r)-1]
	}
	return strings.TrimRight(string(r), " ") + "…"
}

func escape(s string) string {
	return html.EscapeString(fit(s, 0, 1)) // size 0: cleaned, never cut
}

// style is scoped to .dag, because inside a page a <style> of an SVG applies
// to the whole page.
const style = `<style>` +
	`.dag{--dag-ink:#1c2127;--dag-soft:#5f6b7a;--dag-line:#c3cad3;--dag-edge:#9aa5b1;--dag-box:#ffffff;--dag-accent:#0b6e99;--dag-bad:#b3261e;font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"DejaVu Sans",sans-serif}` +
	`@media(prefers-color-scheme:dark){.dag{--dag-ink:#e6e9ed;--dag-soft:#9aa6b4;--dag-line:#3a434e;--dag-edge:#66717e;--dag-box:#1b2026;--dag-accent:#5bb8e0;--dag-bad:#ff8a80}}` +
	`@media print{.dag{--dag-ink:#1c2127;--dag-soft:#5f6b7a;--dag-line:#c3cad3;--dag-edge:#9aa5b1;--dag-box:#ffffff;--dag-accent:#0b6e99;--dag-bad:#b3261e}}` +
	`.dag .edge{fill:none;stroke:var(--dag-edge);stroke-width:1.4}` +
	`.dag .head{fill:var(--dag-edge)}` +
	`.dag .box{fill:var(--dag-box);stroke:var(--dag-line)}` +
	`.dag .bar{fill:var(--dag-line)}` +
	`.dag .ran .bar,.dag .dot-ran{fill:var(--dag-accent)}` +
	`.dag .failed .bar{fill:var(--dag-bad)}.dag .failed .box{stroke:var(--dag-bad)}` +
	`.dag .pending .box{stroke-dasharray:4 3}` +
	`.dag text{fill:var(--dag-soft);font-size:12px}` +
	`.dag .name{fill:var(--dag-ink);font-size:14px;font-weight:600}` +
	`.dag .kind{font-style:italic}` +
	`.dag .ran .state{fill:var(--dag-accent)}.dag .failed .state{fill:var(--dag-bad)}` +
	`.dag g.node:hover .box,.dag g.edge-g:hover .edge{stroke:var(--dag-accent)}` +
	`</style>`

func drawBox(b *strings.Builder, n *box) {
	class := "node"
	switch n.State {
	case StateRan, StateKept, StateFailed, StatePending:
		class += " " + n.State
	}
	fmt.Fprintf(b, `<g class="%s"><title>%s</title>`, class, escape(tip(n.Node)))
	fmt.Fprintf(b, `<rect class="box" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="6"/>`, n.x, n.y, n.w, n.h)
	fmt.Fprintf(b, `<rect class="bar" x="%.1f" y="%.1f" width="3" height="%.1f" rx="1.5"/>`, n.x+5, n.y+8, n.h-16)
	y := n.y + 23
	fmt.Fprintf(b, `<text class="name" x="%.1f" y="%.1f">%s</text>`, n.x+padX+2, y, escape(n.face.name))
	if n.State != "" {
		fmt.Fprintf(b, `<text class="state" x="%.1f" y="%.1f" text-anchor="end">%s</text>`, n.x+n.w-padX, y, escape(n.State))
	}
	if n.face.kind != "" {
		y += lineHigh
		fmt.Fprintf(b, `<text class="kind" x="%.1f" y="%.1f">%s</text>`, n.x+padX+2, y, escape(n.face.kind))
	}
	for _, line := range n.face.lines {
		y += lineHigh
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f">%s</text>`, n.x+padX+2, y, escape(line))
	}
	b.WriteString(`</g>`)
}

func tip(n Node) string {
	parts := []string{n.Name}
	for _, s := range []string{n.Kind, n.State, countLine(n.Counts), costLine(n), n.Tip} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " · ")
}

func drawEdge(b *strings.Builder, e path) {
	label := e.From + " → " + e.To
	if e.Label != "" {
		label += ": " + e.Label
	}
	fmt.Fprintf(b, `<g class="edge-g"><title>%s</title><path class="edge" d="`, escape(label))
	end := e.points[len(e.points)-1]
	down := 1.0
	if end.y < e.points[0].y {
		down = -1
	}
	for i, p := range e.points {
		last := i == len(e.points)-1
		if last {
			p.y -= 6 * down // the arrow head takes the rest
		}
		switch {
		case i == 0:
			fmt.Fprintf(b, "M%.1f %.1f", p.x, p.y)
		case i%2 == 0 && !last:
			fmt.Fprintf(b, "L%.1f %.1f", p.x, p.y)
		default:
			q := e.points[i-1]
			mid := (q.y + p.y) / 2
			fmt.Fprintf(b, "C%.1f %.1f %.1f %.1f %.1f %.1f", q.x, mid, p.x, mid, p.x, p.y)
		}
	}
	fmt.Fprintf(b, `"/><path class="head" d="M%.1f %.1fl-4 %.1fh8z"/></g>`, end.x, end.y, -7*down)
}
