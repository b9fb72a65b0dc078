package synth

import (
	"archive/tar"
	"bufio"
	"bytes"
	"fmt"
	"image/jpeg"
	"image/png"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/retort-ml/retort/internal/workpool"
)

const quality = 92

// pngEncoder trades size for speed: the sets are small.
var pngEncoder = png.Encoder{CompressionLevel: png.BestSpeed}

// encoded is the file of one image.
func encoded(o Options, s split, class, n int) ([]byte, error) {
	img := Image(o, s.name, class, n)
	var b bytes.Buffer
	var err error
	if o.Format == PNG {
		err = pngEncoder.Encode(&b, img)
	} else {
		err = jpeg.Encode(&b, img, &jpeg.Options{Quality: quality})
	}
	return b.Bytes(), err
}

func fileName(o Options, class, n int) string {
	return path.Join(classes[class].name(), fmt.Sprintf("%05d%s", n, o.Format.ext()))
}

func writeFolders(dir string, o Options, s split) error {
	root := filepath.Join(dir, s.name)
	for c := range o.Classes {
		if err := os.MkdirAll(filepath.Join(root, classes[c].name()), 0o755); err != nil {
			return err
		}
	}
	return workpool.Each(o.Classes*s.n, func(i int) error {
		data, err := encoded(o, s, i%o.Classes, i/o.Classes)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(root, filepath.FromSlash(fileName(o, i%o.Classes, i/o.Classes))), data, 0o644)
	})
}

// batch is how many images are encoded side by side before they are appended
// to the archive in order.
const batch = 512

func writeTar(dir string, o Options, s split) error {
	f, err := os.Create(filepath.Join(dir, tarName(s)))
	if err != nil {
		return err
	}
	defer f.Close()
	buffered := bufio.NewWriterSize(f, 1<<20)
	w := tar.NewWriter(buffered)
	total := o.Classes * s.n
	for first := 0; first < total; first += batch {
		if err := appendBatch(w, o, s, first, min(batch, total-first)); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// appendBatch appends n images from the first one on, class by class, so that
// an archive is laid out like a folder that was packed.
func appendBatch(w *tar.Writer, o Options, s split, first, n int) error {
	files := make([][]byte, n)
	at := func(i int) (class, number int) { return (first + i) / s.n, (first + i) % s.n }
	err := workpool.Each(n, func(i int) (err error) {
		class, number := at(i)
		files[i], err = encoded(o, s, class, number)
		return err
	})
	if err != nil {
		return err
	}
	for i, data := range files {
		class, number := at(i)
		header := tar.Header{Name: fileName(o, class, number), Size: int64(len(data)), Mode: 0o644,
			ModTime: time.Unix(0, 0), Typeflag: tar.TypeReg, Format: tar.FormatUSTAR}
		if err := w.WriteHeader(&header); err != nil {
			return err
		}
		if _, err := w.Write(data); err != nil {
			return err
		}
	}
	return nil
}
