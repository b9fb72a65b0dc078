package sheet

import (
	"image"
	"image/color"
	"strings"
	"unicode/utf8"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

const (
	glyphWidth = 7
	lineHeight = 15
)

var ink = color.RGBA{0x33, 0x33, 0x33, 255}

// write draws one line of text whose top left corner is at a point.
func write(dst *image.RGBA, at image.Point, c color.RGBA, text string) {
	d := font.Drawer{Dst: dst, Src: image.NewUniform(c), Face: basicfont.Face7x13, Dot: fixed.P(at.X, at.Y+basicfont.Face7x13.Ascent)}
	d.DrawString(text)
}

// wrap breaks text at spaces into at most lines lines of width glyphs.
func wrap(text string, width, lines int) []string {
	var out []string
	for _, word := range strings.Fields(text) {
		last := len(out) - 1
		switch {
		case last >= 0 && len(out[last])+1+len(word) <= width:
			out[last] += " " + word
		case len(out) == lines:
			out[last] = shorten(out[last]+" "+word, width)
			return out
		default:
			out = append(out, shorten(word, width))
		}
	}
	return out
}

// shorten cuts text in the middle to n glyphs, so that a path keeps its file
// name.
func shorten(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	const dots = "..."
	if n <= len(dots) {
		return dots[:max(n, 0)]
	}
	r := []rune(text)
	head := (n - len(dots)) / 3
	tail := n - len(dots) - head
	return string(r[:head]) + dots + string(r[len(r)-tail:])
}
