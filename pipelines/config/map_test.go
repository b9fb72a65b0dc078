package config

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

type colour string

func (colour) Words() []string { return []string{"red", "green"} }

type open struct {
	Side int            `yaml:"side" doc:"in pixels"`
	Hue  colour         `yaml:"hue" late:"yes" doc:"of it"`
	Rest map[string]any `yaml:"rest" late:"yes" doc:"what others know"`
}

var openSchema = Of(open{Side: 3, Hue: "red"})

func TestMaps(t *testing.T) {
	for _, c := range []struct {
		yaml string
		sets []string
		want map[string]any
	}{
		{"", nil, nil},
		{"rest: {}", nil, nil},
		{"rest:\n  weight: 0.5\n  deep: 3\n  on: true\n  name: a b", nil, map[string]any{"weight": 0.5, "deep": int64(3), "on": true, "name": "a b"}},
		{"rest: {weight: 2.0, n: 1e3, q: \"7\"}", nil, map[string]any{"weight": int64(2), "n": int64(1000), "q": "7"}},
		{"rest: {weight: 2}", []string{"rest.weight=0.25", "rest.deep=4", "rest={name: x}"}, map[string]any{"weight": 0.25, "deep": int64(4), "name": "x"}},
		{"side: &s 3\nrest: {weight: *s}", []string{"rest.name=a: b"}, nil}, // a section is no value
	} {
		got, err := openSchema.Load("", write(t, c.yaml), c.sets)
		if strings.Contains(c.yaml, "*s") {
			if err == nil || !strings.Contains(err.Error(), "rest.name = a section; want a number, a text, true or false") || got.Rest["weight"] != int64(3) {
				t.Errorf("%v, %v", got, err)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(got.Rest, c.want) {
			t.Errorf("%s %v: got %#v, %v; want %#v", c.yaml, c.sets, got.Rest, err, c.want)
		}
	}
	for yaml, want := range map[string]string{
		"rest: 3":            "config.yaml:1:7: rest = 3; want keys with numbers, texts, true or false",
		"rest: [a]":          "rest = a list; want keys",
		"rest: {a: [1]}":     "rest = a section; want keys with numbers",
		"rest: {a: {b: 1}}":  "want keys with numbers",
		"rest: {a: .nan}":    "want keys with numbers",
		"hue: gren":          `hue = "gren"; want one of red, green; did you mean "green"?`,
		"rest: {a: *nobody}": "want keys with numbers",
	} {
		if _, err := openSchema.Load("", write(t, yaml), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %s", yaml, err, want)
		}
	}
}

// TestRecordLeavesLateKeysOut where they are at their default; what it writes is
// read back to the same.
func TestRecordLeavesLateKeysOut(t *testing.T) {
	for want, c := range map[string]open{
		"side: 3  # in pixels; default 3\n": {Side: 3, Hue: "red"},
		"side: 3             # in pixels; default 3\nhue: green          # of it; one of red, green; default red\nrest: {\"a b\": 0.5}  # what others know; default {}\n": {
			Side: 3, Hue: "green", Rest: map[string]any{"a b": 0.5}},
	} {
		var b bytes.Buffer
		if err := openSchema.Record(&b, c); err != nil || b.String() != want {
			t.Errorf("%v\ngot\n%s\nwant\n%s", err, &b, want)
		}
		if back, err := openSchema.Load("", write(t, b.String()), nil); err != nil || !reflect.DeepEqual(back, c) {
			t.Errorf("%+v, %v", back, err)
		}
	}
}

func TestMapsAreReadBackIdentically(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	text := func() string { return awkward[rng.IntN(len(awkward))] + awkward[rng.IntN(len(awkward))] }
	for range 300 {
		c := open{Hue: "green", Rest: map[string]any{}}
		for range 1 + rng.IntN(4) {
			c.Rest[text()] = []any{text(), rng.Int64(), rng.NormFloat64(), rng.IntN(2) == 0, 1e300, -0.0625}[rng.IntN(6)]
		}
		var b bytes.Buffer
		if err := openSchema.Print(&b, c); err != nil {
			t.Fatal(err)
		}
		back, err := openSchema.Load("", write(t, b.String()), nil)
		if err != nil || !reflect.DeepEqual(back, c) {
			t.Fatalf("%v\ngot  %#v\nwant %#v\n%s", err, back, c, b.String())
		}
	}
}
