package augment

import (
	"encoding/json"
	"go/scanner"
	"go/token"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// turnedOn is cfg with an extension always on.
func turnedOn(cfg Config, op *operation) Config {
	on := cfg
	on.Extras = DefaultExtras()
	for _, other := range extensions {
		p := reflect.ValueOf(other.config(&on)).Elem().Field(0)
		p.SetFloat(0)
		if other == op {
			p.SetFloat(1)
		}
	}
	on.Extras = on.Extras.Used()
	return on
}

// everyExtension is a preset's view with all extensions on.
func everyExtension(cfg Config) Config {
	cfg.Extras = DefaultExtras()
	for _, op := range extensions {
		reflect.ValueOf(op.config(&cfg)).Elem().Field(0).SetFloat(0.7)
	}
	return cfg
}

func TestEveryRowOfTheTableIsWhole(t *testing.T) {
	names, tags, keys := map[string]bool{}, map[uint8]bool{0: true}, map[string]bool{}
	for _, op := range operations {
		if op.Name == "" || op.Doc == "" || op.Like == "" || len(op.Numbers) == 0 || op.config == nil || names[op.Name] {
			t.Errorf("%q: the row lacks a part, or its name is another's: %+v", op.Name, op)
		}
		names[op.Name] = true
		for _, s := range settingsOf(op.config(new(Config))) {
			if s.Key == "" || s.Doc == "" || keys[s.Key] {
				t.Errorf("%s: %+v: no key or doc, or the key is another's", op.Name, s)
			}
			keys[s.Key] = true
		}
	}
	for _, op := range extensions {
		if op == nil || op.chance == nil || op.draw == nil || op.render == nil || op.words == nil || tags[op.tag] {
			t.Fatalf("%+v: the row lacks a part, or its tag is another's", op)
		}
		tags[op.tag] = true
		if len(op.Numbers) > len(Numbers{}) || !slices.ContainsFunc(op.Numbers, func(n Number) bool { return n.From > 0 }) {
			t.Errorf("%s: %+v: too many numbers, or they may all be 0, which says that it is not applied", op.Name, op.Numbers)
		}
	}
}

// A user's config holds the settings of extensions as they are: plain numbers with
// tags, the probability first, that leave no trace in JSON where they are off.
func TestSettingsOfExtensionsCanBeKeysOfAConfig(t *testing.T) {
	usual := Config{Extras: DefaultExtras()}
	for _, op := range extensions {
		v := reflect.ValueOf(op.config(&usual)).Elem()
		for i, s := range settingsOf(op.config(&usual)) {
			f := v.Type().Field(i)
			if f.Tag.Get("yaml") != s.Key || f.Tag.Get("json") != s.Key+",omitempty" || !v.Field(i).CanInt() && !v.Field(i).CanFloat() {
				t.Errorf("%s: want a number with the same key in JSON (omitempty) and YAML", s.Field)
			}
			if _, _, err := s.bounds(); err != nil {
				t.Error(err)
			} else if x := numberOf(v.Field(i)); !s.allows(x) {
				t.Errorf("%s: the default %v is outside %s", s.Field, x, s.Range)
			}
		}
		if op.chance(&usual) != 0 || numberOf(v.Field(0)) != 0 {
			t.Errorf("%s: its first setting is not a probability that is 0 by default", op.Name)
		}
	}
	if usual.Used() != (Extras{}) {
		t.Errorf("what is off is used: %+v", usual.Used())
	}
	if data, err := json.Marshal(Config{Extras: usual.Used()}); err != nil || strings.Contains(string(data), "cutout") {
		t.Errorf("%s, %v", data, err)
	}
}

// The ranges that are told are those that are held to: of every setting, at its
// bounds and just beyond them.
func TestRangesAreThoseOfValidate(t *testing.T) {
	tried := 0
	for _, op := range operations {
		for i, s := range settingsOf(op.config(new(Config))) {
			if s.Range == "" {
				continue
			}
			low, high, err := s.bounds()
			if err != nil {
				t.Fatal(err)
			}
			for x, ok := range map[float64]bool{low: s.allows(low), high: true, low - 1e-3: false, high + 1e-3: false, low - 1: false, high + 1: false} {
				cfg := everyExtension(Pretrain(224))
				cfg.Solarize, cfg.Threshold = 0.5, 0.5
				if s.Field == "Proportion" {
					cfg.Sampler = Centre
				}
				switch f := reflect.ValueOf(op.config(&cfg)).Elem().Field(i); f.Interface().(type) {
				case Range:
					f.Set(reflect.ValueOf(Range{max(x, 0.02), x}))
					if x < 0.02 {
						f.Set(reflect.ValueOf(Range{x, high}))
					}
				case int:
					if x != float64(int(x)) {
						continue
					}
					f.SetInt(int64(x))
				default:
					f.SetFloat(x)
				}
				cfg.CutoutMinArea, cfg.CutoutMaxArea = pairUp(s.Field, "CutoutMinArea", cfg.CutoutMinArea, cfg.CutoutMaxArea)
				cfg.CutoutMinAspect, cfg.CutoutMaxAspect = pairUp(s.Field, "CutoutMinAspect", cfg.CutoutMinAspect, cfg.CutoutMaxAspect)
				tried++
				if err := cfg.Validate(); (err == nil) != ok {
					t.Errorf("%s = %v, which is in %s: %v: %v", s.Field, x, s.Range, ok, err)
				}
			}
		}
	}
	if tried < 80 {
		t.Errorf("only %d values tried", tried)
	}
}

// pairUp makes a pair of bounds rise where only one of them was set.
func pairUp(field, low string, a, b float64) (float64, float64) {
	switch {
	case field == low:
		return a, max(a, b)
	case field == strings.Replace(low, "Min", "Max", 1):
		return min(a, b), b
	}
	return a, b
}

func TestWrongSettingsOfExtensionsSaySo(t *testing.T) {
	for want, change := range map[string]func(c *Config){
		"Cutout = 1.5; want 0..1":                                func(c *Config) { c.Cutout = 1.5 },
		"CutoutMinArea = 0.5; want at most CutoutMaxArea, 0.33":  func(c *Config) { c.CutoutMinArea = 0.5 },
		"CutoutMinAspect = 4; want at most CutoutMaxAspect, 3.3": func(c *Config) { c.CutoutMinAspect = 4 },
		"CutoutMaxArea = 0; want 0<..1":                          func(c *Config) { c.CutoutMaxArea = 0 },
		"CutoutFill = NaN; want 0..1":                            func(c *Config) { c.CutoutFill = math.NaN() },
		"Posterize = NaN; want 0..1":                             func(c *Config) { c.Posterize = math.NaN() },
		"PosterizeBits = 9; want 1..8":                           func(c *Config) { c.PosterizeBits = 9 },
	} {
		cfg := everyExtension(Pretrain(64))
		change(&cfg)
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v; want %s", err, want)
		}
	}
	off := Pretrain(64) // what is off has no say
	off.PosterizeBits, off.CutoutMinArea = 99, 7
	if err := off.Validate(); err != nil {
		t.Error(err)
	}
}

// Turning an extension on changes no other number of any recipe, nor those of
// another extension.
func TestAnExtensionChangesNoOtherNumber(t *testing.T) {
	applied := make([]int, extras)
	everyKind(func(cfg *Config, before Recipe) {
		if before.Extra != ([extras]Numbers{}) {
			t.Fatalf("a preset draws an extension: %v", before)
		}
		all := everyExtension(*cfg)
		for key := range 20 {
			k := Key{Seed: 77, Pass: key}
			plain, drawn := Draw(cfg, before.Width, before.Height, k), Draw(&all, before.Width, before.Height, k)
			for i, op := range extensions {
				if drawn.Extra[i] != (Numbers{}) {
					applied[i]++
					alone := turnedOn(*cfg, op)
					if one := Draw(&alone, before.Width, before.Height, k); one.Extra[i] != drawn.Extra[i] {
						t.Fatalf("%s is %v alone and %v with others", op.Name, one.Extra[i], drawn.Extra[i])
					}
				}
			}
			if drawn.Extra = plain.Extra; drawn != plain {
				t.Fatalf("with extensions %v\nwithout      %v", drawn, plain)
			}
		}
	})
	for i, n := range applied {
		if n < 1000 {
			t.Errorf("%s was applied %d times only", extensions[i].Name, n)
		}
	}
}

// Streams of extensions begin beyond every block that Draw reads itself, and each
// other's: no two share a word.
func TestStreamsDoNotMeet(t *testing.T) {
	const last = attempts + 10000 // CropConfig.Attempts is at most that
	starts := []uint64{last}
	for _, op := range extensions {
		starts = append(starts, op.stream(generator{}).first)
	}
	slices.Sort(starts)
	for i := 1; i < len(starts); i++ {
		if starts[i]-starts[i-1] < 1<<31 {
			t.Errorf("streams begin at %d", starts)
		}
	}
}

// All extensions together, at every level: the same bytes, and the same again from
// the recipe in binary.
func TestExtensionsReplay(t *testing.T) {
	for key := range 40 {
		cfg := everyExtension(Pretrain(16 + 3*key))
		img := pattern(60+key, 50)
		r := Draw(&cfg, img.Width, img.Height, Key{Pass: key})
		viewAtEveryLevel(t, &cfg, img, r)
		data, err := r.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var back Recipe
		if err := back.UnmarshalBinary(data); err != nil || back != r {
			t.Errorf("%v: %v\n got %+v\nwant %+v", r, err, back, r)
		}
	}
}

func TestReplaysOfExtensionsAreWritten(t *testing.T) {
	var all []Config
	for i := range 8 {
		for _, op := range extensions {
			all = append(all, turnedOn(Pretrain(32), op))
		}
		cfg := everyExtension(BYOL(40)[i%2])
		cfg.CutoutFill, cfg.PosterizeBits = float64(i)/8, 1+i
		all = append(all, cfg)
	}
	writeReplays(t, "testdata/replay-2.jsonl", all)
}

// An operation is one file, its test and its lines in operations.go: no other code of
// those who could knows one by name. Comments may.
func TestAnOperationIsInOnePlace(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	var names, exported []string
	for _, op := range extensions {
		names, exported = append(names, op.Name), append(exported, strings.ToUpper(op.Name[:1])+op.Name[1:])
		if _, err := os.Stat(op.Name + "_test.go"); err != nil {
			t.Errorf("%s has no test beside it: %v", op.Name, err)
		}
	}
	// Posterize, PosterizeBits, "posterize_bits" and "views.posterize", but no posterized
	word := regexp.MustCompile("(?:^|[^A-Za-z])(" + strings.Join(names, "|") + ")(?:$|[^A-Za-z])|^(" + strings.Join(exported, "|") + ")(?:$|[A-Z])")
	files := 0
	for _, folder := range []string{"cmd", "pipelines", "transforms", "examples", "bench"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			files++
			text, err := os.ReadFile(path)
			for _, name := range words(text) {
				for _, found := range word.FindAllStringSubmatch(name, -1) {
					own := strings.ToLower(found[1]+found[2]) + ".go"
					if base := filepath.Base(path); base != own && base != "operations.go" {
						t.Errorf("%s knows %s by name: %s", path, strings.TrimSuffix(own, ".go"), name)
					}
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 150 {
		t.Errorf("only %d files read", files)
	}
}

// words are the names and texts of Go code, without its comments.
func words(code []byte) (all []string) {
	var s scanner.Scanner
	set := token.NewFileSet()
	s.Init(set.AddFile("", -1, len(code)), code, nil, 0)
	for {
		switch _, kind, text := s.Scan(); kind {
		case token.EOF:
			return all
		case token.IDENT, token.STRING:
			all = append(all, text)
		}
	}
}
