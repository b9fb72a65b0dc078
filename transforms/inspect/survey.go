// Package inspect says what a set of images looks like before hours are spent on
// it: how many images there are of which class, size and format, which are nearly
// the same, and what is almost certainly a mistake.
package inspect

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Survey counts what a set of images holds. The zero value is ready to use.
type Survey struct {
	Images     int64            `json:"images"` // exact copies once
	Unlabelled int64            `json:"unlabelled"`
	Classes    map[string]int64 `json:"classes"`
	Formats    map[string]int64 `json:"formats"`
	Smallest   Size             `json:"smallest"` // by its number of pixels
	Largest    Size             `json:"largest"`
	Side       int              `json:"widest_short_side"` // the short side of the image that has the longest one
}

// Size is an image's, in pixels.
type Size struct {
	Width  int `json:"width"`
	Height int `json:"height"`
}

func (s Size) String() string { return fmt.Sprintf("%d x %d", s.Width, s.Height) }

func (s Size) pixels() int64 { return int64(s.Width) * int64(s.Height) }

// Add counts one image. class is "" where it has no label, format where it is not
// looked at.
func (s *Survey) Add(class, format string, width, height int) {
	if s.Classes == nil {
		s.Classes, s.Formats = map[string]int64{}, map[string]int64{}
	}
	if s.Images++; class == "" {
		s.Unlabelled++
	} else {
		s.Classes[class]++
	}
	if format != "" {
		s.Formats[format]++
	}
	size := Size{width, height}
	if s.Images == 1 || size.pixels() < s.Smallest.pixels() {
		s.Smallest = size
	}
	if size.pixels() > s.Largest.pixels() {
		s.Largest = size
	}
	s.Side = max(s.Side, min(width, height))
}

// Class is a class with its number of images.
type Class struct {
	Name   string `json:"name"`
	Images int64  `json:"images"`
}

// ByCount are the classes, the largest first.
func (s *Survey) ByCount() []Class { return byCount(s.Classes) }

func byCount(counts map[string]int64) []Class {
	list := make([]Class, 0, len(counts))
	for name, n := range counts {
		list = append(list, Class{name, n})
	}
	slices.SortFunc(list, func(a, b Class) int {
		if a.Images != b.Images {
			return int(b.Images - a.Images)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return list
}

// Lines tell what the set holds in two lines.
func (s *Survey) Lines() []string {
	if s.Images == 0 {
		return []string{"images: none"}
	}
	images := fmt.Sprintf("images: %d", s.Images)
	if formats := byCount(s.Formats); len(formats) == 1 {
		images += ", all " + formats[0].Name
	} else if len(formats) > 1 {
		images += ", " + counted(formats, 5)
	}
	if images += ", of " + s.Smallest.String(); s.Largest != s.Smallest {
		images += " to " + s.Largest.String()
	}
	images += " pixels"
	classes := s.ByCount()
	if len(classes) == 0 {
		return []string{images, "labels: none"}
	}
	labels := fmt.Sprintf("labels: of %s: %s", Plural(len(classes)), counted(classes, 6))
	if s.Unlabelled > 0 {
		labels += fmt.Sprintf("; without a label: %d", s.Unlabelled)
	}
	return []string{images, labels}
}

// Plural is "1 class" or "12 classes".
func Plural(classes int) string {
	if classes == 1 {
		return "1 class"
	}
	return fmt.Sprintf("%d classes", classes)
}

// Shown is a class's name for people, in quotes where it has marks that a terminal
// does not show, or obeys.
func Shown(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(name)
	}
	return name
}

// counted is "cat 12, dog 10 and 3 more", of which the last is the smallest.
func counted(list []Class, most int) string {
	var b strings.Builder
	for i, c := range list[:min(len(list), most)] {
		fmt.Fprintf(&b, "%s%s %d", []string{"", ", "}[min(i, 1)], Shown(c.Name), c.Images)
	}
	if more := len(list) - most; more > 0 {
		last := list[len(list)-1]
		fmt.Fprintf(&b, " and %d more, the smallest %s %d", more, Shown(last.Name), last.Images)
	}
	return b.String()
}

// Join adds what another survey counted, of images that came after.
func (s *Survey) Join(o *Survey) {
	if o.Images == 0 {
		return
	}
	if s.Images == 0 || o.Smallest.pixels() < s.Smallest.pixels() {
		s.Smallest = o.Smallest
	}
	if o.Largest.pixels() > s.Largest.pixels() {
		s.Largest = o.Largest
	}
	s.Images += o.Images
	s.Unlabelled += o.Unlabelled
	s.Side = max(s.Side, o.Side)
	s.Classes, s.Formats = joined(s.Classes, o.Classes), joined(s.Formats, o.Formats)
}

func joined(a, b map[string]int64) map[string]int64 {
	if a == nil {
		a = map[string]int64{}
	}
	for name, n := range b {
		a[name] += n
	}
	return a
}
