package embedding

import (
	"bufio"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/image/draw"

	"github.com/retort-ml/retort/internal/atomicfile"
)

// Bounds of what the projector shows: more points than these make browsers crawl,
// and a sprite image has to be at most 8192 pixels a side.
const (
	MostPoints = 100_000
	mostSide   = 8192
	thumbSide  = 32
)

// projector writes the folder that `tensorboard --logdir` shows under Projector:
// projector_config.pbtxt, tensors.tsv, metadata.tsv and sprite.png
// (tensorboard/plugins/projector/projector_config.proto).
type projector struct {
	dir              string
	limit, dim, rows int
	side             int // of a thumbnail
	grid             int // thumbnails a side
	tensors, labels  *atomicfile.File
	tensorOut, named *bufio.Writer
	sprite           *image.RGBA
	line             []byte
}

// CreateProjector starts a projector's folder at dir, which is made; the first
// limit rows are shown, 1 to MostPoints.
func CreateProjector(dir string, limit, dim int) (Writer, error) {
	if limit < 1 || limit > MostPoints {
		return nil, fmt.Errorf("the projector shows %d images; want 1 to %d", limit, MostPoints)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	w := &projector{dir: dir, limit: limit, dim: dim, grid: int(math.Ceil(math.Sqrt(float64(limit))))}
	w.side = max(1, min(thumbSide, mostSide/w.grid))
	var err error
	if w.tensors, err = atomicfile.Create(filepath.Join(dir, "tensors.tsv")); err != nil {
		return nil, err
	}
	if w.labels, err = atomicfile.Create(filepath.Join(dir, "metadata.tsv")); err != nil {
		w.tensors.Discard()
		return nil, err
	}
	w.tensorOut, w.named = bufio.NewWriter(w.tensors), bufio.NewWriter(w.labels)
	_, err = w.named.WriteString("path\tclass\n")
	return w, err
}

func (w *projector) Write(r Row) error {
	if w.rows == w.limit {
		return nil
	}
	w.line = w.line[:0]
	for i, x := range r.Vector {
		if i > 0 {
			w.line = append(w.line, '\t')
		}
		w.line = strconv.AppendFloat(w.line, float64(x), 'g', -1, 32)
	}
	if _, err := w.tensorOut.Write(append(w.line, '\n')); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w.named, "%s\t%s\n", cell(r.Path), cell(r.Class)); err != nil {
		return err
	}
	w.thumbnail(r)
	w.rows++
	return nil
}

// cell drops what would end a cell or a row.
func cell(s string) string { return strings.NewReplacer("\t", " ", "\n", " ", "\r", " ").Replace(s) }

// thumbnail puts a picture at its place: row by row, from the left.
func (w *projector) thumbnail(r Row) {
	if r.Side == 0 {
		return
	}
	if w.sprite == nil {
		w.side = min(w.side, r.Side)
		w.sprite = image.NewRGBA(image.Rect(0, 0, w.grid*w.side, w.grid*w.side))
	}
	picture := image.NewRGBA(image.Rect(0, 0, r.Side, r.Side))
	for i := range r.Side * r.Side {
		picture.SetRGBA(i%r.Side, i/r.Side, color.RGBA{r.Pixels[3*i], r.Pixels[3*i+1], r.Pixels[3*i+2], 255})
	}
	x, y := w.rows%w.grid*w.side, w.rows/w.grid*w.side
	draw.ApproxBiLinear.Scale(w.sprite, image.Rect(x, y, x+w.side, y+w.side), picture, picture.Bounds(), draw.Src, nil)
}

// Commit writes the sprite and, last, the config that names all of it.
func (w *projector) Commit() error {
	for _, out := range []*bufio.Writer{w.tensorOut, w.named} {
		if err := out.Flush(); err != nil {
			return err
		}
	}
	for _, f := range []*atomicfile.File{w.tensors, w.labels} {
		if err := f.Commit(); err != nil {
			return err
		}
	}
	config := fmt.Sprintf("embeddings {\n  tensor_name: \"images\"\n  tensor_path: \"tensors.tsv\"\n  tensor_shape: %d\n  tensor_shape: %d\n  metadata_path: \"metadata.tsv\"\n", w.rows, w.dim)
	if w.sprite != nil {
		file, err := atomicfile.Create(filepath.Join(w.dir, "sprite.png"))
		if err != nil {
			return err
		}
		defer file.Discard()
		if err := png.Encode(file, w.cropped()); err != nil {
			return err
		}
		if err := file.Commit(); err != nil {
			return err
		}
		config += fmt.Sprintf("  sprite {\n    image_path: \"sprite.png\"\n    single_image_dim: %d\n    single_image_dim: %d\n  }\n", w.side, w.side)
	}
	return atomicfile.WriteFile(filepath.Join(w.dir, "projector_config.pbtxt"), []byte(config+"}\n"))
}

// cropped leaves out rows of thumbnails that stayed empty, keeping the width: the
// projector finds a place by it.
func (w *projector) cropped() image.Image {
	rows := (w.rows + w.grid - 1) / w.grid
	return w.sprite.SubImage(image.Rect(0, 0, w.grid*w.side, rows*w.side))
}

func (w *projector) Discard() {
	w.tensors.Discard()
	w.labels.Discard()
}
