package embedding

import (
	"github.com/parquet-go/parquet-go"

	"github.com/retort-ml/retort/internal/atomicfile"
)

// groupRows is how many rows are kept until they are written: a row group.
const groupRows = 4096

// parquetRow is the schema: a row an image.
type parquetRow struct {
	ID      string    `parquet:"id"`
	Path    string    `parquet:"path"`
	URI     string    `parquet:"uri"`
	Class   *string   `parquet:"class,optional"`
	Feature []float32 `parquet:"feature,list"`
}

type parquetFile struct {
	file *atomicfile.File
	out  *parquet.GenericWriter[parquetRow]
	rows int
}

func createParquet(path string, _ int, _ Options) (Writer, error) {
	file, err := atomicfile.Create(path)
	if err != nil {
		return nil, err
	}
	return &parquetFile{file: file, out: parquet.NewGenericWriter[parquetRow](file, parquet.CreatedBy("retort", "1", ""))}, nil
}

func (w *parquetFile) Write(r Row) error {
	row := parquetRow{ID: r.ID, Path: r.Path, URI: r.URI, Feature: r.Vector}
	if r.Class != "" {
		row.Class = &r.Class
	}
	if _, err := w.out.Write([]parquetRow{row}); err != nil {
		return err
	}
	if w.rows++; w.rows%groupRows == 0 {
		return w.out.Flush()
	}
	return nil
}

func (w *parquetFile) Commit() error {
	if err := w.out.Close(); err != nil {
		return err
	}
	return w.file.Commit()
}

func (w *parquetFile) Discard() { w.file.Discard() }
