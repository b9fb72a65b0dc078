package html

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"fmt"
	"html/template"
	"path"
	"slices"
	"time"

	"github.com/retort-ml/retort/internal/dagsvg"
	"github.com/retort-ml/retort/internal/units"
)

// functions are what the template may call.
var functions = template.FuncMap{
	"graph":       func(g Graph) template.HTML { return template.HTML(dagsvg.Draw(g.Nodes, g.Edges)) }, //nolint:gosec // Draw escapes
	"chart":       lineChart,
	"reliability": reliability,
	"heat":        func(r *Report, m Model) template.HTML { return r.heatMap(m) },
	"pairs":       func(r *Report, m Model) []pair { return r.confusedPairs(m) },
	"large":       func(m Model) bool { return len(m.Confusion) > heatMapClasses },
	"image":       dataURI,
	"seconds":     units.Seconds,
	"count":       units.Count,
	"clean":       clean,
	"percent":     func(v float64) string { return fmt.Sprintf("%.1f", 100*v) },
	"share":       func(n, of int64) string { return shareOf(n, of) },
	"value":       func(v Number) string { return value(v, "") },
	"prob":        func(v Number) string { return value(v, UnitShare) },
	"bar":         func(v Number) string { return num(100 * min(1, max(0, float64(v)))) },
	"width":       num,
	"ending":      ending,
	"style":       func(i int) int { return i % seriesStyles },
	"when":        func(t time.Time) string { return t.Format("2006-01-02 15:04 MST") },
	"iso":         func(t time.Time) string { return t.Format(time.RFC3339) },
	"ece":         func(m Model) string { return calibration(m.ECE) },
	"reasons":     byCount,
	"first":       func(r []Rejected) []Rejected { return r[:min(len(r), 10)] },
	"thumbs":      thumbs,
	"base":        func(name string) string { return clean(path.Base(name)) },
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

// thumbs are the rejected items that can be shown.
func thumbs(all []Rejected) []Rejected {
	return slices.DeleteFunc(slices.Clone(all), func(r Rejected) bool { return dataURI(r.Image) == "" })
}
