// Package embedding writes tables of vectors, one of each image, for others to
// read: NumPy's .npy, Parquet, TFRecord, and what TensorBoard's projector shows.
// Rows are written as they come; no writer keeps them.
package embedding

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Row is one image.
type Row struct {
	ID     string    // hex of the hash of its encoded bytes
	Path   string    // how people name it
	URI    string    // file that holds it
	Class  string    // "" where it is not known
	Vector []float32 // of the same length in all rows; only until Write returns
	// Pixels are a picture of Side x Side, packed RGB, for Projector; likewise.
	Pixels []uint8
	Side   int
}

// Writer writes rows. Exactly one of Commit, which makes the file whole and
// visible, and Discard ends it; Discard after Commit does nothing.
type Writer interface {
	Write(Row) error
	Commit() error
	Discard()
}

// formats by extension.
var formats = []struct {
	extension string
	create    func(path string, dim int, o Options) (Writer, error)
}{
	{".npy", createNPY},
	{".parquet", createParquet},
	{".tfrecord", createTFRecord},
}

// Options of a file.
type Options struct {
	Half bool // float16 in place of float32 (.npy)
}

// Extensions of the files that Create can write.
func Extensions() []string {
	var all []string
	for _, f := range formats {
		all = append(all, f.extension)
	}
	return all
}

// Check says what is wrong with a path and options before anything is computed.
func Check(path string, o Options) error {
	extension := filepath.Ext(path)
	if !slices.Contains(Extensions(), extension) {
		return fmt.Errorf("%s: want a name that ends in %s", path, strings.Join(Extensions(), ", "))
	}
	if o.Half && extension != ".npy" {
		return fmt.Errorf("%s: float16 is for .npy files", path)
	}
	return nil
}

// Create starts the file at path, in the format that its extension says, for
// vectors of dim values.
func Create(path string, dim int, o Options) (Writer, error) {
	if err := Check(path, o); err != nil {
		return nil, err
	}
	for _, f := range formats {
		if f.extension == filepath.Ext(path) {
			return f.create(path, dim, o)
		}
	}
	return nil, fmt.Errorf("%s: no format", path) // Check knows better
}
