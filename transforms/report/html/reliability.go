package html

import (
	"fmt"
	"html/template"

	"github.com/retort-ml/retort/internal/units"
)

// reliability draws accuracy against confidence, bin by bin (Niculescu-Mizil
// and Caruana 2005): on the diagonal a confidence of 80 % is right four times
// in five. The strip below shows how many predictions each bin holds.
func reliability(m Model) template.HTML {
	const w, h, low = 300.0, 318.0, 268.0
	x := scale{lo: 0, hi: 1, from: 46, to: w - 20, share: true}
	y := scale{lo: 0, hi: 1, from: low - 34, to: 10, share: true}
	c := newCanvas("reliability", "Reliability diagram of "+m.Name, w, h)
	for _, v := range []float64{0, 0.25, 0.5, 0.75, 1} {
		c.line("grid", x.from, y.at(v), x.to, y.at(v))
		c.text("tick", "end", x.from-6, y.at(v)+3.5, fmt.Sprintf("%.0f %%", 100*v))
		c.text("tick", "middle", x.at(v), low-19, fmt.Sprintf("%.0f %%", 100*v))
	}
	var most int64
	for _, b := range m.Calibration {
		most = max(most, b.N)
	}
	for _, b := range m.Calibration {
		if b.N > 0 && b.Low.Finite() && b.High.Finite() && b.Accuracy.Finite() {
			drawBin(c, b, x, y, float64(b.N)/float64(most))
		}
	}
	c.line("ideal", x.from, y.from, x.to, y.to)
	c.line("axis", x.from, y.from, x.to, y.from)
	c.text("tick", "middle", (x.from+x.to)/2, h-3, "confidence; below, the share of predictions")
	return c.done()
}

func drawBin(c *canvas, b Bin, x, y scale, share float64) {
	const base, high = 300.0, 42.0 // of the histogram
	lo, hi, acc := x.at(float64(b.Low)), x.at(float64(b.High)), y.at(float64(b.Accuracy))
	c.printf(`<g class="bin"><rect class="bar" x="%s" y="%s" width="%s" height="%s"/>`, num(lo+1), num(acc), num(max(1, hi-lo-2)), num(y.from-acc))
	if b.Confidence.Finite() {
		conf := y.at(float64(b.Confidence))
		class := "gap"
		if conf > acc {
			class = "modest"
		}
		c.printf(`<rect class="`+class+`" x="%s" y="%s" width="%s" height="%s"/>`, num(lo+1), num(min(acc, conf)), num(max(1, hi-lo-2)), num(max(acc, conf)-min(acc, conf)))
	}
	c.printf(`<rect class="share" x="%s" y="%s" width="%s" height="%s"/>`, num(lo+1), num(base-high*share), num(max(1, hi-lo-2)), num(max(0.5, high*share)))
	c.printf(`<title>confidence %s to %s: %s predictions, %s right, mean confidence %s</title></g>`,
		value(b.Low, UnitShare), value(b.High, UnitShare), units.Count(b.N), value(b.Accuracy, UnitShare), value(b.Confidence, UnitShare))
}
