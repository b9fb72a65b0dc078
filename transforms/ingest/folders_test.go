package ingest

import (
	"maps"
	"strings"
	"testing"
)

func TestClassNames(t *testing.T) {
	for name, c := range map[string]struct {
		folders map[string]string // folder -> class
		note    string            // part of some note
	}{
		"plain":          {map[string]string{"cat": "cat", "dog": "dog"}, ""},
		"one part":       {map[string]string{"cifar10/train/cat": "cat", "cifar10/train/dog": "dog"}, ""},
		"parts":          {map[string]string{"train/cat": "cat", "val/cat": "cat", "train/dog": "dog"}, "the parts of a data set, train, val, are read as one"},
		"doubled parts":  {map[string]string{"seg_train/seg_train/sea": "sea", "seg_test/seg_test/sea": "sea", "seg_train/seg_train/ice": "ice"}, "seg_test, seg_train"},
		"same leaf":      {map[string]string{"bird/crane": "bird/crane", "machine/crane": "machine/crane", "bird/owl": "owl"}, "several folders are named crane"},
		"same leaf deep": {map[string]string{"a/set/bird/crane": "bird/crane", "a/set/machine/crane": "machine/crane"}, "bird/crane, machine/crane"},
		"in parts":       {map[string]string{"train/bird/crane": "bird/crane", "test/bird/crane": "bird/crane", "train/machine/crane": "machine/crane"}, "several folders"},
		"tiny imagenet":  {map[string]string{"tiny/train/n01443537/images": "n01443537", "tiny/train/n01629819/images": "n01629819", "tiny/test/images": ""}, "Tiny ImageNet"},
		"imagenet":       {map[string]string{"train/n01443537": "n01443537", "train/n01629819": "n01629819"}, "WordNet synsets"},
		"loose test":     {map[string]string{"train/cat": "cat", "train/dog": "dog", "test": "", "test/images": ""}, "test (1), test/images (1)"},
		"years":          {map[string]string{"coco/train2017/cat": "cat", "coco/val2017/cat": "cat", "coco/test1/dog": "dog"}, "test1, train2017, val2017"},
		"numbered":       {map[string]string{"set/trainer2": "trainer2", "set/part1": "part1", "set/2017": "2017"}, ""},
		"vehicles":       {map[string]string{"car": "car", "train": "train"}, ""},
		"deep vehicles":  {map[string]string{"v/car": "car", "v/train": "train"}, ""},
		"wrapper is one": {map[string]string{"images/cat": "cat", "images/dog": "dog"}, ""},
		"masks":          {map[string]string{"set/images": "images", "set/masks": "masks"}, ""},
		"case":           {map[string]string{"Cat": "Cat", "cat": "cat"}, ""},
		"inside":         {map[string]string{"cat": "cat", "cat/old": "old", "dog": "dog"}, "cat/old (inside cat)"},
		"cub":            {map[string]string{"images/001.Albatross": "001.Albatross", "images/002.Auklet": "002.Auklet"}, ""},
	} {
		l := layout{folders: folders{Images: map[string]int64{}}}
		for f := range c.folders {
			l.Images[f] = 1
		}
		err := l.resolve()
		if err != nil || !maps.Equal(l.names, c.folders) {
			t.Errorf("%s: got  %q, %v\nwant %q", name, l.names, err, c.folders)
		}
		if notes := strings.Join(l.notes(), "\n"); !strings.Contains(notes, c.note) || c.note == "" && notes != "" {
			t.Errorf("%s: %q; want %q", name, notes, c.note)
		}
	}
}

func TestPartsAreNoClasses(t *testing.T) {
	for _, list := range [][]string{{"train", "val"}, {"train2017", "val2017"}, {"coco/train2014", "coco/test2015"}, {"train1", "test1"}, {"images/train", "images/val"}} {
		l := layout{folders: folders{Images: map[string]int64{}}}
		for _, f := range list {
			l.Images[f] = 1
		}
		if err := l.resolve(); err == nil || !strings.Contains(err.Error(), "are parts of a data set, no classes") {
			t.Errorf("%q: got %v, %q", list, err, l.names)
		}
	}
}

// TestAlike: what people take for one class is told where it is two.
func TestAlike(t *testing.T) {
	for a, b := range map[string]string{"Cat": "cat", "1.0": "1", "-2": "-2.00", "a\u200bb": "ab", "big  cat": "big cat", "ﬁsh": "fish"} {
		if folded(a) != folded(b) {
			t.Errorf("%q and %q: %q and %q", a, b, folded(a), folded(b))
		}
	}
	for a, b := range map[string]string{"1.5": "1", "v1.0": "v1", "a b": "ab", "10": "1"} {
		if folded(a) == folded(b) {
			t.Errorf("%q and %q are alike", a, b)
		}
	}
}

func TestBeginning(t *testing.T) {
	for name, want := range map[string]string{"train/cat.0.jpg": "cat", "Abyssinian_1.jpg": "Abyssinian", "american_bulldog_100.jpg": "american_bulldog",
		"dog (12).jpg": "dog", "image_00001.jpg": "image", "0001.jpg": "", "holiday.jpg": "", "IMG-2.PNG": "IMG"} {
		if got := beginning(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
