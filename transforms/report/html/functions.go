package html

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"fmt"
	"html/template"
	"math"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/retort-ml/retort/internal/dagsvg"
	"github.com/retort-ml/retort/internal/units"
)

// functions are what the template may call.
var functions = template.FuncMap{
	"graph":       func(g Graph) template.HTML { return template.HTML(dagsvg.Draw(g.Nodes, dagsvg.Reduce(g.Edges))) }, //nolint:gosec // Draw escapes
	"chart":       lineChart,
	"reliability": reliability,
	"heat":        func(r *Report, m Model) template.HTML { return r.heatMap(m) },
	"pairs":       func(r *Report, m Model) []pair { return r.confusedPairs(m) },
	"large":       func(m Model) bool { return len(m.Confusion) > heatMapClasses },
	"thumb":       thumb,
	"crops":       cropBoxes,
	"worst":       func(r *Report, m Model) []pair { p := r.confusedPairs(m); return p[:min(len(p), pairsBelow)] },
	"collapsed":   func(r *Report, m Model) string { return r.collapsed(m) },
	"narrow":      func(m Model) bool { return len(m.Confusion) <= narrowClasses },
	"single":      single,
	"unit":        unitName,
	"most":        func(classes int) string { return value(Number(math.Log(float64(classes))), "") },
	"seconds":     units.Seconds,
	"count":       units.Count,
	"clean":       clean,
	"percent":     func(v float64) string { return fmt.Sprintf("%.1f", 100*v) },
	"share":       func(n, of int64) string { return shareOf(n, of) },
	"nats": func(v Number) string {
		if !v.Finite() {
			return units.Unknown
		}
		return fmt.Sprintf("%.3f", float64(v))
	},
	"value":     func(v Number) string { return value(v, "") },
	"prob":      func(v Number) string { return value(v, UnitShare) },
	"bar":       func(v Number) string { return num(100 * min(1, max(0, float64(v)))) },
	"width":     num,
	"rest":      func(v float64) float64 { return 100 - v },
	"ending":    ending,
	"style":     func(i int) int { return i % seriesStyles },
	"when":      func(t time.Time) string { return t.Format("2006-01-02 15:04 MST") },
	"iso":       func(t time.Time) string { return t.Format(time.RFC3339) },
	"ece":       func(m Model) string { return calibration(m.ECE) },
	"eceBefore": func(m Model) string { return calibration([]Number{m.ECEBefore}) },
	"plain":     func(x Number) string { return value(x, "") },
	"reasons":   byCount,
	"first":     func(r []Rejected) []Rejected { return r[:min(len(r), 10)] },
	"set":       setAside,
	"truths":    func(all []Unsure) bool { return slices.ContainsFunc(all, func(u Unsure) bool { return u.Label != "" }) },
	"looked":    looked,
	"pictured":  func(all []Rejected) bool { return len(thumbs(all)) > 0 },
	"base":      func(name string) string { return clean(path.Base(name)) },
}

// dataURI embeds an encoded image; "" when it is none that browsers show.
// The type comes from the bytes, so that nothing but an image gets in.
func dataURI(data []byte) template.URL {
	kind := ""
	switch {
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		kind = "png"
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		kind = "jpeg"
	case bytes.HasPrefix(data, []byte("GIF8")):
		kind = "gif"
	case len(data) > 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		kind = "webp"
	default:
		return ""
	}
	return template.URL("data:image/" + kind + ";base64," + base64.StdEncoding.EncodeToString(data)) //nolint:gosec // base64
}

// thumb is an <img>, or a place that says that there is none.
func thumb(data []byte, alt string) template.HTML {
	src := dataURI(data)
	if src == "" {
		return template.HTML(`<span class="noimage" role="img" aria-label="` + esc("no picture: "+alt) + `"></span>`) //nolint:gosec // escaped
	}
	return template.HTML(`<img src="` + string(src) + `" alt="` + esc(alt) + `" loading="lazy">`) //nolint:gosec // escaped
}

// cropBoxes draws over a square thumbnail what the two views show of it.
func cropBoxes(v ViewRow) template.HTML {
	if v.Width <= 0 || v.Height <= 0 || dataURI(v.Original) == "" {
		return ""
	}
	long := float64(max(v.Width, v.Height))
	w, h := 100*float64(v.Width)/long, 100*float64(v.Height)/long
	var c strings.Builder
	c.WriteString(`<svg class="crops" viewBox="0 0 100 100" aria-hidden="true">`)
	for i, crop := range [][4]Number{v.CropA, v.CropB} {
		if crop == ([4]Number{}) {
			continue
		}
		x, y := (100-w)/2+w*float64(crop[0]), (100-h)/2+h*float64(crop[1])
		for _, class := range []string{"under", string("ab"[i])} {
			fmt.Fprintf(&c, `<rect class="%s" x="%s" y="%s" width="%s" height="%s"/>`, class, num(x), num(y), num(w*float64(crop[2])), num(h*float64(crop[3])))
		}
	}
	c.WriteString(`</svg>`)
	return template.HTML(c.String()) //nolint:gosec // numbers only
}

// ending says where a line ends, for the legend.
func ending(s Series, unit string) string {
	v, _ := last(s)
	return value(v, unit)
}

func shareOf(n, of int64) string {
	if of <= 0 {
		return units.Unknown
	}
	return decimals(100*float64(n)/float64(of), 0.01) + " %"
}

func byCount(reasons []Reason) []Reason {
	sorted := slices.Clone(reasons)
	slices.SortStableFunc(sorted, func(a, b Reason) int { return cmp.Compare(b.N, a.N) })
	return sorted
}

// setAside are the stages that set something aside.
func setAside(all []Quarantine) []Quarantine {
	return slices.DeleteFunc(slices.Clone(all), func(q Quarantine) bool { return q.Total <= 0 })
}

// looked says how much each stage looked at.
func looked(all []Quarantine) string {
	var parts []string
	for _, q := range all {
		if q.Of > 0 {
			parts = append(parts, q.Stage+" "+units.Count(q.Of))
		}
	}
	return clean(strings.Join(parts, ", "))
}

// thumbs are the rejected items that can be shown.
func thumbs(all []Rejected) []Rejected {
	return slices.DeleteFunc(slices.Clone(all), func(r Rejected) bool { return dataURI(r.Image) == "" })
}
