package html

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/retort-ml/retort/internal/dagsvg"
)

func render(t *testing.T, r Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := Render(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// parsed is what the tests ask of a page.
type parsed struct {
	sections map[string]string // id -> text
	tags     map[string]int
	loads    []string // src, href and the like
}

func parse(t *testing.T, page string) parsed {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	p := parsed{map[string]string{}, map[string]int{}, nil}
	var walk func(n *html.Node, section string)
	walk = func(n *html.Node, section string) {
		switch n.Type {
		case html.ElementNode:
			p.tags[n.Data]++
			for _, a := range n.Attr {
				if n.Data == "section" && a.Key == "id" {
					section = a.Val
					p.sections[section] = ""
				}
				if slices.Contains([]string{"src", "href", "srcset", "action", "data", "poster"}, a.Key) {
					p.loads = append(p.loads, a.Val)
				}
				if strings.HasPrefix(a.Key, "on") {
					t.Errorf("event handler %s on %s", a.Key, n.Data)
				}
			}
		case html.TextNode:
			p.sections[section] += n.Data + "\n"
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, section)
		}
	}
	walk(root, "")
	return p
}

var sections = []string{"result", "graph", "training", "views", "confusion", "classes", "calibration", "unsure", "quarantine", "config"}

var dataURIs = regexp.MustCompile(`data:image/[^"]*`)

// checkWhole is true of every page: all sections, nothing from elsewhere, no
// script, no number that is none, every tag closed.
func checkWhole(t *testing.T, page string) parsed {
	t.Helper()
	p := parse(t, page)
	for _, id := range sections {
		if strings.TrimSpace(p.sections[id]) == "" {
			t.Errorf("section %s is empty", id)
		}
	}
	for _, url := range p.loads {
		if !strings.HasPrefix(url, "#") && !strings.HasPrefix(url, "data:") {
			t.Errorf("the page loads %.60q", url)
		}
	}
	if n := p.tags["script"] + p.tags["iframe"] + p.tags["object"] + p.tags["link"] - 1; n != 0 {
		t.Errorf("%d scripts, frames or links beside the empty icon", n)
	}
	page = dataURIs.ReplaceAllString(page, "data:")
	for _, bad := range []string{"NaN", "Inf", "ZgotmplZ", "%!", "<no value>", "@import", "url("} {
		if strings.Contains(page, bad) {
			i := strings.Index(page, bad)
			t.Errorf("the page holds %q: …%s…", bad, page[max(0, i-80):min(len(page), i+80)])
		}
	}
	if open, closed := strings.Count(page, "<svg"), strings.Count(page, "</svg>"); open != closed {
		t.Errorf("%d <svg> and %d </svg>", open, closed)
	}
	return p
}

func TestSampleShowsEverything(t *testing.T) {
	p := checkWhole(t, render(t, sample(10)))
	for section, wants := range map[string][]string{
		"":            {"shapes: 1 % of the labels", "2031-05-04 13:37 UTC", "4 min 31 s", "cpu (AVX-512, 2 cores)", "trained on the same 200 labels alone"},
		"result":      {"supervised", "fine-tuned", "distilled", "teacher", "student", "2.80 M", "0.25× teacher", "11.2 MB", "over 3\nseeds", "±"},
		"graph":       {"20,000 images · 14 quarantined", "kept", "ran", "2 min 21 s · 11.5 MB"},
		"training":    {"Contrastive loss", "log scale", "Contrastive accuracy", "Entropy", "Learning rate", "80 %", "step", "no values"},
		"views":       {"00004.jpg", "crop 61 %, flipped, hue +0.08", "squares"},
		"confusion":   {"stars, predicted stars", "Most often wrong"},
		"classes":     {"crescents", "fine-tuned"},
		"calibration": {"ECE", "mean confidence"},
		"unsure":      {"2.100 nats", "truth rings", "35.0 %"},
		"quarantine":  {"14", "20,014", "0.07 %", "truncated", "too-many-pixels", "The first 10", "unexpected end of file", "the bytes end before the image does", "with what can still be seen"},
		"config":      {"temperature: 0.1", "--preset demo"},
	} {
		flat := strings.Join(strings.Fields(p.sections[section]), " ")
		for _, want := range wants {
			if !strings.Contains(flat, strings.Join(strings.Fields(want), " ")) {
				t.Errorf("section %q lacks %q", section, want)
			}
		}
	}
	if p.tags["img"] < 9*3-1+12+1 {
		t.Errorf("%d images", p.tags["img"])
	}
}

func TestEmptyReportSaysWhatIsMissing(t *testing.T) {
	p := checkWhole(t, render(t, Report{Title: "nothing"}))
	for section, want := range map[string]string{
		"result": "No model was evaluated", "graph": "without the stage graph", "training": "No training stage", "views": "No views",
		"confusion": "No confusion matrix", "classes": "No class", "calibration": "not measured", "unsure": "labelled no image",
		"quarantine": "No image was quarantined", "config": "without the configuration",
	} {
		if !strings.Contains(p.sections[section], want) {
			t.Errorf("section %s does not say %q: %s", section, want, p.sections[section])
		}
	}
}

func TestEveryNumberOfClasses(t *testing.T) {
	for _, n := range []int{1, 2, 3, 20, 21, 40, 41, 1000} {
		page := render(t, sample(n))
		p := checkWhole(t, page)
		if heat := strings.Count(page, `class="heat"`); (heat == 3) != (n <= heatMapClasses) {
			t.Errorf("%d classes: %d heat maps", n, heat)
		}
		if len(page) > 3<<20 {
			t.Errorf("%d classes: the page has %d bytes", n, len(page))
		}
		if n > classesShown && !strings.Contains(p.sections["classes"], "more classes") {
			t.Errorf("%d classes: the table does not fold", n)
		}
	}
}

func TestNotANumber(t *testing.T) {
	nan, inf := NaN(), Number(math.Inf(1))
	r := Report{Seconds: math.Inf(1), Models: []Model{
		{Name: "a", Top1: []Number{nan}, ECE: []Number{inf}, Calibration: []Bin{{nan, nan, 3, nan, nan}, {0, 1, 0, nan, nan}},
			Confusion: [][]int64{{0, 0}, {0, 0}}},
		{Name: "b", Top1: []Number{0.5, nan}, Top5: []Number{nan, inf}, Student: true},
	},
		Trainings: []Training{{Stage: "x", Charts: []Chart{
			{Title: "none"},
			{Title: "log of nothing positive", Log: true, Series: []Series{{"s", []Number{0, 1, 2}, []Number{-1, 0, nan}}}},
			{Title: "tiny", Log: true, Series: []Series{{"s", []Number{0, nan, 2}, []Number{1e-300, 1, 1e300}}}},
			{Title: "flat", Unit: UnitShare, Series: []Series{{"s", []Number{5, 5}, []Number{0, 0}}}},
			{Title: "huge", Series: []Series{{"s", []Number{0, 1e18}, []Number{-1e308, 1e308}}}},
		}}},
		Unsure:      []Unsure{{Entropy: nan, Guesses: []Guess{{"x", nan}, {"y", inf}}}},
		Quarantines: []Quarantine{{Total: 3}},
	}
	checkWhole(t, render(t, r))
}

func TestHostileStringsAreEscaped(t *testing.T) {
	evil := `</script></style></svg></title><script>alert(1)</script><img src=x onerror=alert(1)>"'` + "\x00\xff" + strings.Repeat("W", 300)
	r := sample(2)
	fillStrings(reflect.ValueOf(&r).Elem(), evil)
	r.Views[0].Original = []byte("<svg onload=alert(1)>")
	page := render(t, r)
	p := parse(t, page)
	if p.tags["script"] != 0 {
		t.Error("a script got in")
	}
	for _, url := range p.loads {
		if url == "x" || strings.HasPrefix(url, "data:image/svg") {
			t.Errorf("%.60q got in", url)
		}
	}
	if strings.ContainsRune(page, 0) {
		t.Error("a NUL got in")
	}
}

// fillStrings sets every string of a report.
func fillStrings(v reflect.Value, s string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && v.Type().String() != "time.Time" {
				fillStrings(v.Field(i), s)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			fillStrings(v.Index(i), s)
		}
	}
}

func TestContradictionsAreRefused(t *testing.T) {
	for want, r := range map[string]Report{
		"row 1 has 1 columns; want 2":   {Models: []Model{{Name: "m", Confusion: [][]int64{{1, 2}, {3}}}}},
		"row 0, column 0 is -1":         {Models: []Model{{Name: "m", Confusion: [][]int64{{-1}}}}},
		"pretrain: loss: train has 2 x": {Trainings: []Training{{Stage: "pretrain", Charts: []Chart{{Title: "loss", Series: []Series{{"train", []Number{1, 2}, []Number{1}}}}}}}},
	} {
		var b bytes.Buffer
		if err := Render(&b, r); err == nil || !strings.Contains(err.Error(), want) || b.Len() > 0 {
			t.Errorf("error %v and %d bytes, want %q and none", err, b.Len(), want)
		}
	}
	if err := Render(brokenWriter{}, Report{}); err == nil {
		t.Error("a write error was lost")
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestJSONRoundTrip(t *testing.T) {
	r := sample(3)
	r.Models[0].Top1 = []Number{NaN(), Number(math.Inf(-1)), 0.25}
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal([]byte(render(t, r)), []byte(render(t, back))) {
		t.Error("the page differs after JSON")
	}
}

func TestThinKeepsEndsSpikesAndGaps(t *testing.T) {
	var s Series
	for i := range 100_000 {
		s.X, s.Y = append(s.X, Number(i)), append(s.Y, 1)
	}
	s.Y[33_333], s.Y[44_444], s.Y[55_555] = 100, -100, NaN()
	got := thin(s, thinAbove)
	if len(got.X) > thinAbove+1 {
		t.Errorf("%d points left", len(got.X))
	}
	if got.X[0] != 0 || got.X[len(got.X)-1] != 99_999 {
		t.Error("the ends moved")
	}
	for _, i := range []Number{33_333, 44_444, 55_555} {
		if !slices.Contains(got.X, i) {
			t.Errorf("point %v is gone", i)
		}
	}
	if !slices.IsSorted(got.X) {
		t.Error("out of order")
	}
}

func TestTicks(t *testing.T) {
	for name, c := range map[string]struct {
		s    scale
		want string
	}{
		"plain":   {scale{lo: 0.3, hi: 2.4}, "0.5 1.0 1.5 2.0"},
		"share":   {scale{lo: 0, hi: 0.83, share: true}, "0 % 20 % 40 % 60 % 80 %"},
		"cross 0": {scale{lo: -0.02, hi: 0.06}, "-0.02 0 0.02 0.04 0.06"},
		"steps":   {scale{lo: 0, hi: 60_000}, "0 20 k 40 k 60 k"},
		"log":     {scale{lo: 1e-4, hi: 2, log: true}, "0.0001 0.001 0.01 0.1 1"},
		"log <1":  {scale{lo: 5, hi: 12, log: true}, "6 8 10 12"},
		"tiny":    {scale{lo: 0, hi: 3e-6}, "0 1e-6 2e-6 3e-6"},
	} {
		var got []string
		ticks := c.s.ticks(4)
		for _, v := range ticks {
			got = append(got, c.s.label(v, stepOf(ticks)))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %s, want %s", name, strings.Join(got, " "), c.want)
		}
	}
}

func FuzzRender(f *testing.F) {
	f.Add("title", 1.0, 2.0, int64(3), true)
	f.Add("<b>", math.NaN(), math.Inf(-1), int64(math.MaxInt64), false)
	f.Add("", 1e308, -1e308, int64(math.MinInt64), true)
	f.Fuzz(func(t *testing.T, text string, x, y float64, n int64, log bool) {
		r := Report{Title: text, Seconds: y, Models: []Model{
			{Name: text, Parameters: n, Bytes: n, Labels: n, Top1: []Number{Number(x), Number(y)}, Confusion: [][]int64{{max(0, n), 1}, {0, 0}},
				Calibration: []Bin{{Number(x), Number(y), n, Number(y), Number(x)}}}},
			Trainings: []Training{{Charts: []Chart{{Title: text, Log: log, Series: []Series{{text, []Number{0, Number(x)}, []Number{Number(y), Number(x)}}}}}}},
			Graph:     Graph{Nodes: []dagsvg.Node{{Name: text, Seconds: y, Bytes: n}}},
		}
		var b bytes.Buffer
		if err := Render(&b, r); err != nil {
			t.Fatal(err)
		}
		if p := parse(t, b.String()); p.tags["script"] > 0 {
			t.Error("a script got in")
		}
	})
}
