package inspect

import (
	"io"

	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/views/augment/sheet"
)

// A contact sheet shows the first images of some classes, which are a random
// choice of them.
const (
	sheetRows    = 30
	sheetColumns = 8
)

type contactSheet struct {
	rows map[string][]sheet.Thumbnail // by class
}

// offer takes an image where there is room for it.
func (c *contactSheet) offer(one *Printed) {
	if c.rows == nil {
		c.rows = map[string][]sheet.Thumbnail{}
	}
	row, begun := c.rows[one.Class]
	if len(row) == sheetColumns || !begun && len(c.rows) == sheetRows {
		return
	}
	scale := 1
	for scale < 8 && max(one.Width, one.Height) > 2*scale*sheet.Thumb {
		scale *= 2
	}
	img, err := imagefile.Decode(one.Data, imagefile.Options{Scale: scale})
	if err != nil {
		return // it was good a moment ago; the sheet can do without
	}
	c.rows[one.Class] = append(row, sheet.NewThumbnail(img.Pix, img.Width, img.Height))
}

func (c *contactSheet) encode(w io.Writer) error {
	var rows []sheet.Strip
	for _, class := range pipelines.SortedKeys(c.rows) {
		title := class
		if class == "" {
			title = "(no label)"
		}
		rows = append(rows, sheet.Strip{Title: title, Images: c.rows[class]})
	}
	return sheet.EncodeStrips(w, rows)
}
