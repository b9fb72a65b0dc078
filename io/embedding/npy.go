package embedding

import (
	"bufio"
	"encoding/binary"
	"encoding/csv"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/x448/float16"

	"github.com/retort-ml/retort/internal/atomicfile"
)

// npyHeader is the length of a header with room for any number of rows.
const npyHeader = 128

// npy writes an array of format 1.0 (numpy/lib/format.py) of shape (rows, dim), and
// beside it, in FILE.csv, what the rows are of.
type npy struct {
	file, names *atomicfile.File
	out         *bufio.Writer
	csv         *csv.Writer
	dim, rows   int
	half        bool
	line        []byte
}

func createNPY(path string, dim int, o Options) (Writer, error) {
	file, err := atomicfile.Create(path)
	if err != nil {
		return nil, err
	}
	names, err := atomicfile.Create(NamesOf(path))
	if err != nil {
		file.Discard()
		return nil, err
	}
	w := &npy{file: file, names: names, out: bufio.NewWriterSize(file, 1<<20), csv: csv.NewWriter(names), dim: dim, half: o.Half}
	_, err = w.out.Write(w.header())
	if err == nil {
		err = w.csv.Write([]string{"row", "id", "path", "uri", "class"})
	}
	if err != nil {
		w.Discard()
		return nil, err
	}
	return w, nil
}

// NamesOf is where the names of the rows of an .npy file are.
func NamesOf(path string) string { return path + ".csv" }

// header says how many rows there are so far, padded to npyHeader bytes.
func (w *npy) header() []byte {
	kind := "<f4"
	if w.half {
		kind = "<f2"
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%d, %d), }", kind, w.rows, w.dim)
	text += strings.Repeat(" ", npyHeader-10-1-len(text)) + "\n"
	return append(binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(text))), text...)
}

func (w *npy) Write(r Row) error {
	w.line = w.line[:0]
	for _, x := range r.Vector {
		if w.half {
			w.line = binary.LittleEndian.AppendUint16(w.line, float16.Fromfloat32(x).Bits())
		} else {
			w.line = binary.LittleEndian.AppendUint32(w.line, math.Float32bits(x))
		}
	}
	if _, err := w.out.Write(w.line); err != nil {
		return err
	}
	w.rows++
	return w.csv.Write([]string{strconv.Itoa(w.rows - 1), r.ID, r.Path, r.URI, r.Class})
}

// Commit writes the header again, with the rows that came.
func (w *npy) Commit() error {
	w.csv.Flush()
	err := w.csv.Error()
	if err == nil {
		err = w.out.Flush()
	}
	if err == nil {
		_, err = w.file.WriteAt(w.header(), 0)
	}
	if err == nil {
		err = w.names.Commit()
	}
	if err == nil {
		err = w.file.Commit()
	}
	return err
}

func (w *npy) Discard() {
	w.file.Discard()
	w.names.Discard()
}
