package tensorboard

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/tfrecord"
)

// Writer appends events to a file of its own in a run's folder. A run that is
// resumed opens another Writer: TensorBoard joins the files of a folder, and
// after a step back it shows the later file's values. Its methods may be called
// from several goroutines.
type Writer struct {
	mu   sync.Mutex
	file blob.Log
	w    *tfrecord.Writer
	path string
	now  func() time.Time
	err  error
}

var serial atomic.Int64

// Create starts a new event file in dir. On a disk it holds at once what
// TensorBoard needs to take it for one; a store gets it with Sync and Close.
func Create(dir blob.Dir) (*Writer, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	now := time.Now()
	// A wider stamp than seconds keeps the files of quick restarts in order.
	name := fmt.Sprintf("%s%010d.%09d.%s.%d.%d", Prefix, now.Unix(), now.Nanosecond(), host, os.Getpid(), serial.Add(1))
	f, err := dir.Append(name, 0)
	if err != nil {
		return nil, fmt.Errorf("writing events: %w", err)
	}
	w := &Writer{file: f, path: dir.At(name), now: time.Now}
	if w.w, err = tfrecord.NewWriter(f, tfrecord.Options{Compression: tfrecord.None}); err != nil {
		f.Close()
		return nil, err
	}
	w.event(0, 3, []byte(fileVersion))
	if err := w.Flush(); err != nil {
		f.Close()
		return nil, err
	}
	return w, nil
}

// Path is the file's.
func (w *Writer) Path() string { return w.path }

// Scalar adds a value at a step. Errors come with Flush and Close.
func (w *Writer) Scalar(step int64, tag string, value float64) {
	v := appendString(nil, 1, tag)
	v = protowire.AppendTag(v, 2, protowire.Fixed32Type)
	v = protowire.AppendFixed32(v, math.Float32bits(float32(value)))
	w.summary(step, v)
}

// Image adds an image at a step, as PNG.
func (w *Writer) Image(step int64, tag string, img image.Image) error {
	var file bytes.Buffer
	if err := png.Encode(&file, img); err != nil {
		return fmt.Errorf("event image %s: %w", tag, err)
	}
	size := img.Bounds().Size()
	w.EncodedImage(step, tag, file.Bytes(), size.X, size.Y)
	return nil
}

// EncodedImage adds an image at a step: the bytes of a PNG, JPEG or GIF file of
// that many pixels.
func (w *Writer) EncodedImage(step int64, tag string, file []byte, width, height int) {
	const rgb = 3
	m := appendInt(nil, 1, height)
	m = appendInt(m, 2, width)
	m = appendInt(m, 3, rgb)
	m = protowire.AppendBytes(protowire.AppendTag(m, 4, protowire.BytesType), file)
	v := appendString(nil, 1, tag)
	v = protowire.AppendBytes(protowire.AppendTag(v, 4, protowire.BytesType), m)
	w.summary(step, v)
}

func (w *Writer) summary(step int64, value []byte) {
	s := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), value)
	w.event(step, 5, s)
}

func (w *Writer) event(step int64, what protowire.Number, content []byte) {
	e := protowire.AppendTag(nil, 1, protowire.Fixed64Type)
	e = binary.LittleEndian.AppendUint64(e, math.Float64bits(float64(w.now().UnixNano())/1e9))
	if step != 0 {
		e = protowire.AppendVarint(protowire.AppendTag(e, 2, protowire.VarintType), uint64(step))
	}
	e = protowire.AppendBytes(protowire.AppendTag(e, what, protowire.BytesType), content)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.w.Write(e); err != nil && w.err == nil {
		w.err = fmt.Errorf("writing events: %s: %w", w.path, err)
	}
}

// Flush hands all events to the operating system, so that TensorBoard sees them
// and a killed process loses none.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.w.Flush(); err != nil && w.err == nil {
		w.err = fmt.Errorf("writing events: %s: %w", w.path, err)
	}
	return w.err
}

// Close flushes and closes the file.
func (w *Writer) Close() error {
	err := w.Flush()
	w.mu.Lock()
	defer w.mu.Unlock()
	if e := w.file.Close(); err == nil && e != nil {
		err = fmt.Errorf("writing events: %s: %w", w.path, e)
	}
	return err
}

func appendString(b []byte, number protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, number, protowire.BytesType), s)
}

func appendInt(b []byte, number protowire.Number, v int) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), uint64(v))
}
