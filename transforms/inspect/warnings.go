package inspect

import (
	"fmt"
	"strconv"
	"strings"
)

// Facts are what warnings are drawn from.
type Facts struct {
	Classes map[string]int64 // labelled images of each class
	Side    int              // the longest short side of an image; 0 is not known
	Size    int              // side of the views that a run makes; 0 is not known
}

// A class with dominant of the labels, of at least enough, leaves little to learn
// of the others: who always answers with it is right as often.
const (
	dominant = 0.9
	enough   = 10
)

// Warnings are near-certain mistakes, each with what to do.
func (f Facts) Warnings() (list []string) {
	warn := func(format string, args ...any) {
		list = append(list, fmt.Sprintf(format, args...))
	}
	classes := byCount(f.Classes)
	var total int64
	var single []string
	for _, c := range classes {
		total += c.Images
		if c.Images == 1 {
			single = append(single, Shown(c.Name))
		}
	}
	if len(classes) == 1 {
		warn("all labels are of one class, %q; a classifier needs two at least (check the folders or the labels)", classes[0].Name)
	} else if len(classes) > 1 && total >= enough && float64(classes[0].Images) >= dominant*float64(total) {
		warn("%d %% of the labels are of one class, %q (%d of %d); who always says that is right as often (label more of the others, or check the labels)",
			100*classes[0].Images/total, classes[0].Name, classes[0].Images, total)
	}
	if len(single) > 0 {
		warn("classes of one image: %s; it cannot be trained on and tested with (give them more, or leave them out; a file in the wrong folder looks like this)", some(single))
	}
	if f.Size > 0 && f.Side > 0 && f.Side < f.Size {
		warn("all images are smaller than size: the short side of the largest is %d pixels, the views have %d (set size: %d, or less)", f.Side, f.Size, f.Side)
	}
	return list
}

// some joins the first few of a list.
func some(list []string) string {
	text := strings.Join(list[:min(len(list), 5)], ", ")
	if more := len(list) - 5; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// Strange warns of labels of a test set that no image to train on has; "" where
// there are none, or no labels at all.
func Strange(trained, tested map[string]int64) string {
	var unknown []string
	for _, c := range byCount(tested) {
		if trained[c.Name] == 0 {
			unknown = append(unknown, strconv.Quote(c.Name))
		}
	}
	if len(unknown) == 0 || len(trained) == 0 {
		return ""
	}
	return fmt.Sprintf("the test set has classes that the training images do not have: %s; a run stops there (are they written alike in both? else leave them out)", some(unknown))
}

// Leak warns of a test set that shares pictures with what is trained on; "" where
// it does not. exact pictures are the same bytes; alike ones are copies, encoded
// anew or resized, found among so many of the test set that were looked at.
func Leak(exact, alike, of int64, examples []Pair) string {
	var parts []string
	if exact > 0 {
		parts = append(parts, fmt.Sprintf("%d are the same files, which a run does not train on", exact))
	}
	if alike > 0 {
		text := fmt.Sprintf("%d of %d looked at are the same pictures, encoded anew or resized", alike, of)
		if len(examples) > 0 {
			text += fmt.Sprintf(" (such as %s and %s)", examples[0].A, examples[0].B)
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		return ""
	}
	text := "the test set shares pictures with the training images: " + strings.Join(parts, "; ")
	if alike > 0 {
		text += "; the figures will be too good (take them out of one)"
	}
	return text
}
