package inspect

import (
	"strings"
	"testing"
)

func TestSurvey(t *testing.T) {
	var s Survey
	s.Add("cat", "jpeg", 640, 480)
	s.Add("cat", "jpeg", 20, 30)
	s.Add("dog", "png", 100, 700)
	s.Add("", "jpeg", 50, 50)
	want := "images: 4, jpeg 3, png 1, of 20 x 30 to 640 x 480 pixels\nlabels: of 2 classes: cat 2, dog 1; without a label: 1"
	if got := strings.Join(s.Lines(), "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if s.Side != 480 {
		t.Errorf("the longest short side is %d, want 480", s.Side)
	}
	if got := (&Survey{}).Lines(); len(got) != 1 || got[0] != "images: none" {
		t.Errorf("of nothing: %q", got)
	}
}

func TestSurveyOfManyClasses(t *testing.T) {
	var s Survey
	for i, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		for range 10 - i {
			s.Add(name, "png", 8, 8)
		}
	}
	if got := s.Lines()[1]; got != "labels: of 8 classes: a 10, b 9, c 8, d 7, e 6, f 5 and 2 more, the smallest h 3" {
		t.Error(got)
	}
}

func TestNamesAreShown(t *testing.T) {
	for name, want := range map[string]string{"cat": "cat", "a b": "a b", "Grün 猫": "Grün 猫", "b\nc": `"b\nc"`, "\x1b[31mred": `"\x1b[31mred"`, "a\u200b": `"a\u200b"`} {
		var s Survey
		s.Add(name, "png", 8, 8)
		if got := Shown(name); got != want || !strings.HasSuffix(s.Lines()[1], ": "+want+" 1") {
			t.Errorf("%q: %s in %q, want %s", name, got, s.Lines(), want)
		}
	}
}

func TestWarnings(t *testing.T) {
	for _, c := range []struct {
		name  string
		facts Facts
		want  []string // what the warnings have in them, in order
	}{
		{"nothing wrong", Facts{Classes: map[string]int64{"a": 50, "b": 60}, Side: 100, Size: 96}, nil},
		{"nothing known", Facts{}, nil},
		{"one class", Facts{Classes: map[string]int64{"a": 50}}, []string{`all labels are of one class, "a"`}},
		{"nine of ten", Facts{Classes: map[string]int64{"a": 90, "b": 10}}, []string{`90 % of the labels are of one class, "a" (90 of 100)`}},
		{"nearly nine of ten", Facts{Classes: map[string]int64{"a": 89, "b": 11}}, nil},
		{"too few to tell", Facts{Classes: map[string]int64{"a": 8, "b": 1}}, []string{"classes of one image: b;"}},
		{"lone images", Facts{Classes: map[string]int64{"a": 5, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1, "g": 1}}, []string{"classes of one image: b, c, d, e, f and 1 more"}},
		{"as large as the views", Facts{Side: 96, Size: 96}, nil},
		{"smaller than the views", Facts{Side: 32, Size: 224}, []string{"short side of the largest is 32 pixels, the views have 224 (set size: 32, or less)"}},
		{"all at once", Facts{Classes: map[string]int64{"a": 99, "b": 1}, Side: 9, Size: 10}, []string{"99 %", "of one image: b", "smaller than size"}},
	} {
		got := c.facts.Warnings()
		if len(got) != len(c.want) {
			t.Errorf("%s: %q", c.name, got)
			continue
		}
		for i, w := range c.want {
			if !strings.Contains(got[i], w) {
				t.Errorf("%s: got %q, want %q in it", c.name, got[i], w)
			}
		}
	}
}

func TestClassesOfTheTestSetAlone(t *testing.T) {
	trained := map[string]int64{"cat": 5, "dog": 5}
	if got := Strange(trained, map[string]int64{"cat": 2}); got != "" {
		t.Errorf("a class fewer: %q", got)
	}
	if got := Strange(nil, map[string]int64{"cat": 2}); got != "" {
		t.Errorf("no labels to train on: %q", got)
	}
	if got := Strange(trained, map[string]int64{"Cat": 2, "dog": 1, "owl": 1}); !strings.Contains(got, `do not have: "Cat", "owl";`) {
		t.Errorf("got %q", got)
	}
}

func TestLeak(t *testing.T) {
	if got := Leak(0, 0, 100, nil); got != "" {
		t.Errorf("of nothing: %q", got)
	}
	got := Leak(3, 2, 100, []Pair{{"t/a.jpg", "b.png"}})
	for _, want := range []string{"3 are the same files", "2 of 100 looked at", "such as t/a.jpg and b.png", "too good"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
	if got := Leak(3, 0, 100, nil); strings.Contains(got, "too good") {
		t.Errorf("the same files are not trained on: %q", got)
	}
}
