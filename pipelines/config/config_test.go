package config

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

type optim struct {
	Rate  float64 `yaml:"rate" range:"0<..1" doc:"of learning"`
	Steps int     `yaml:"steps" range:"1..1000" doc:"steps"`
}

type settings struct {
	Images []string `yaml:"images" flag:"images" doc:"where they are"`
	Name   string   `yaml:"name" flag:"name" doc:"any text"`
	Seed   uint64   `yaml:"seed" flag:"seed" doc:"of randomness"`
	Limit  int64    `yaml:"limit" range:"0.." doc:"bytes"`
	Train  struct {
		optim  `yaml:",inline"`
		Method string `yaml:"method" oneof:"lars,adam" flag:"method" doc:"which"`
		Fast   bool   `yaml:"fast" flag:"fast" doc:"or not"`
	} `yaml:"train"`
	Machine string `yaml:"-" flag:"machine" oneof:"here,there" doc:"what computes"`
}

func standard() settings {
	s := settings{Name: "none", Seed: 1, Machine: "here"}
	s.Train.Rate, s.Train.Steps, s.Train.Method = 0.1, 10, "adam"
	return s
}

var schema = Schema[settings]{Base: standard, Default: "small", Presets: []Preset[settings]{
	{Name: "small", Doc: "few steps", Make: standard},
	{Name: "large", Doc: "many", Make: func() settings { s := standard(); s.Train.Steps = 1000; return s }},
}}

func write(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLayersGoOverEachOther(t *testing.T) {
	file := write(t, "preset: large\nname: &n mine\ntrain: {rate: 0.5}\n")
	s, err := schema.Load("", file, []string{"train.rate=0.25", "images=[a, b]"})
	if err != nil || s.Train.Steps != 1000 || s.Train.Rate != 0.25 || s.Name != "mine" || !slices.Equal(s.Images, []string{"a", "b"}) {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err = schema.Load("small", file, nil); err != nil || s.Train.Steps != 10 || s.Train.Rate != 0.5 {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err = schema.Load("", "", nil); err != nil || !reflect.DeepEqual(s, standard()) {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestWithoutPresets(t *testing.T) {
	plain := Of(standard())
	if s, err := plain.Load("", write(t, "seed: 7"), nil); err != nil || s.Seed != 7 || s.Name != "none" {
		t.Errorf("%+v, %v", s, err)
	}
	_, err := plain.Load("", write(t, "preset: small"), nil)
	if err == nil || !strings.Contains(err.Error(), `config.yaml:1:1: unknown key "preset"`) {
		t.Error(err)
	}
	if _, err := (Schema[struct{}]{}).Load("", write(t, "a: 1"), nil); err == nil || !strings.Contains(err.Error(), "the config has no keys") {
		t.Error(err)
	}
}

// TestMapAddsKeys to a config that has presets.
func TestMapAddsKeys(t *testing.T) {
	type more struct {
		settings `yaml:",inline"`
		Mine     struct {
			Count int `yaml:"count" range:"0..9" doc:"how many"`
		} `yaml:"mine"`
	}
	s := Map(schema, func(c settings) more { m := more{settings: c}; m.Mine.Count = 3; return m })
	m, err := s.Load("large", "", []string{"train.rate=0.5"})
	if err != nil || m.Train.Steps != 1000 || m.Train.Rate != 0.5 || m.Mine.Count != 3 {
		t.Errorf("%+v, %v", m, err)
	}
	_, err = s.Load("", "", []string{"mine.cuont=3"})
	if err == nil || err.Error() != `--set mine.cuont=3: unknown key "mine.cuont"; did you mean "mine.count"?` {
		t.Error(err)
	}
	if !slices.Equal(s.Names(), schema.Names()) || s.Keys()[len(s.Keys())-1] != "mine.count" {
		t.Error(s.Names(), s.Keys())
	}
}

func TestFlags(t *testing.T) {
	var names []string
	for _, f := range schema.Flags() {
		names = append(names, f.Name)
		if f.List != (f.Name == "images") || f.Bool != (f.Name == "fast") || f.Name == "method" && (f.Default != "adam" || f.Doc != "which; one of lars, adam") {
			t.Errorf("%+v", f)
		}
	}
	if !slices.Equal(names, []string{"images", "name", "seed", "method", "fast", "machine"}) {
		t.Error(names)
	}
	for _, c := range []struct {
		flag   string
		values []string
		want   string // of the error
	}{
		{"images", []string{"a, b", "[c]"}, ""},
		{"name", []string{"x: y"}, ""},
		{"seed", []string{"12"}, ""},
		{"seed", []string{"-1"}, "want a whole number, at least 0"},
		{"seed", []string{""}, `"" is no value`},
		{"method", []string{"lras"}, `want one of lars, adam; did you mean "lars"?`},
		{"fast", []string{"true"}, ""},
		{"machine", []string{"there"}, ""},
		{"other", nil, "there is no flag --other"},
	} {
		s := standard()
		err := schema.SetFlag(&s, c.flag, c.values)
		if c.want != "" && (err == nil || err.Error() != c.want) || c.want == "" && err != nil {
			t.Errorf("--%s %q: %v; want %q", c.flag, c.values, err, c.want)
		}
	}
	s := standard()
	if err := schema.SetFlag(&s, "images", []string{"a, b", "[c]"}); err != nil || !slices.Equal(s.Images, []string{"a, b", "[c]"}) {
		t.Error(s.Images, err)
	}
}

// TestFieldsThatNoFileCouldSet are errors of who wrote the struct, not panics
// of who runs it.
func TestFieldsThatNoFileCouldSet(t *testing.T) {
	check := func(err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
	_, err := Of(struct{ A int }{}).Load("", "", nil)
	check(err, "field A has no yaml tag")
	_, err = Of(struct {
		A map[string]int `yaml:"a"`
	}{}).Load("", "", nil)
	check(err, "field A is of type map[string]int; want text")
	_, err = Of(struct {
		S struct {
			A []int `yaml:"a"`
		} `yaml:"s"`
	}{}).Load("", "", nil)
	check(err, "field S.A is of type []int")
	for _, rng := range []string{"1..x", "5"} {
		if err := checkTags([]field{{key: "a", name: "A", rng: rng, value: reflect.ValueOf(new(int)).Elem()}}, ""); err == nil {
			t.Errorf("the range %q passes", rng)
		}
	}
	_, err = Of(3).Load("", "", nil)
	check(err, "want a struct")
}

func TestCheck(t *testing.T) {
	s := standard()
	s.Train.Steps, s.Train.Method = 0, "sgd"
	err := schema.Check(s)
	if err == nil || err.Error() != "train.steps = 0; want at least 1 and at most 1000\ntrain.method = sgd; want one of lars, adam" {
		t.Error(err)
	}
	if err := schema.Check(standard()); err != nil {
		t.Error(err)
	}
}

func TestPrintSaysWhatThereIs(t *testing.T) {
	var b bytes.Buffer
	if err := schema.Print(&b, standard()); err != nil {
		t.Fatal(err)
	}
	want := `images: []  # where they are; default []
name: none  # any text; default none
seed: 1     # of randomness; default 1
limit: 0    # bytes; at least 0; default 0

train:
  rate: 0.1     # of learning; > 0 and at most 1; default 0.1
  steps: 10     # steps; at least 1 and at most 1000; default 10
  method: adam  # which; one of lars, adam; default adam
  fast: false   # or not; default false
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &b, want)
	}
}

func TestPrintIsReadBackIdentically(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var s settings
		visit(fieldsOf(&s), "", func(_ string, f field) { randomise(rng, f) })
		var b bytes.Buffer
		if err := schema.Print(&b, s); err != nil {
			t.Fatal(err)
		}
		back, err := schema.Load("", write(t, b.String()), nil)
		back.Machine = ""
		if err != nil || !reflect.DeepEqual(back, s) {
			t.Fatalf("%v\ngot  %+v\nwant %+v\n%s", err, back, s, b.String())
		}
	}
}

var awkward = []string{"", "a", "true", "1", "1e3", "~", "null", "a: b", "- x", "#c", "a #c", "\"q\"", "'q'", "\t\n\r", "é日本🙂", "\x00\x01\x1f\x7f\u0085\u2028\ufeff", "C:\\x", " lead", "trail ", "*a", "&a", "{a}", "[b]", "%", "@", "`", "|", ">", "0x1f", ".inf", "2020-01-01"}

func randomise(rng *rand.Rand, f field) {
	text := func() string {
		if len(f.words) > 0 {
			return f.words[rng.IntN(len(f.words))]
		}
		return awkward[rng.IntN(len(awkward))] + awkward[rng.IntN(len(awkward))]
	}
	switch f.value.Kind() {
	case reflect.String:
		f.value.SetString(text())
	case reflect.Bool:
		f.value.SetBool(rng.IntN(2) == 0)
	case reflect.Slice:
		var list []string
		for range rng.IntN(3) {
			list = append(list, text())
		}
		f.value.Set(reflect.ValueOf(list))
	case reflect.Uint64:
		f.value.SetUint(rng.Uint64())
	case reflect.Int, reflect.Int64:
		for f.value.SetInt(rng.Int64N(1000)); f.check() != ""; f.value.SetInt(rng.Int64N(1000)) {
		}
	case reflect.Float64:
		for f.value.SetFloat(rng.Float64()); f.check() != ""; f.value.SetFloat(rng.Float64()) {
		}
	}
}

// FuzzLoad: whatever a file holds, what gets through is legal.
func FuzzLoad(f *testing.F) {
	for _, s := range []string{"", "seed: 32", "name: &x [1, *x]", "train: {steps: 1, <<: *y}", "? a\n: b", "!!int 3", "- - -", "a:\n\tb"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := schema.Load("large", write(t, string(data)), nil); err == nil {
			if err := schema.Check(s); err != nil {
				t.Errorf("got through: %v", err)
			}
		}
	})
}

// TestConfigEncodings: a config is read in the encodings that editors mark, and
// named in those that they do not.
func TestConfigEncodings(t *testing.T) {
	text := "name: été\r\nseed: 7\r\n"
	utf16 := "\xff\xfe"
	for _, r := range text {
		utf16 += string([]byte{byte(r), byte(r >> 8)})
	}
	for name, c := range map[string]struct{ data, want string }{
		"UTF-8":        {text, ""},
		"a mark":       {"\ufeff" + text, ""},
		"UTF-16":       {utf16, ""},
		"CR":           {strings.ReplaceAll(text, "\r\n", "\r"), ""},
		"Windows-1252": {"name: \xe9t\xe9\n", "c.yaml: the config is neither UTF-8 nor marked as UTF-16"},
		"none":         {"name: \x81\xff\n", "c.yaml:1: the text is neither UTF-8 nor UTF-16"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "c.yaml")
			if err := os.WriteFile(path, []byte(c.data), 0o644); err != nil {
				t.Fatal(err)
			}
			got, err := schema.Load("", path, nil)
			if c.want == "" && (err != nil || got.Name != "été" || got.Seed != 7) {
				t.Errorf("%+v, %v", got, err)
			}
			if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v; want %s", err, c.want)
			}
		})
	}
}
