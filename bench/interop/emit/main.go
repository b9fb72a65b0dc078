// Command emit is our side of the interoperability checks: it writes shards and
// event files for TensorFlow to read, and prints what it reads of TensorFlow's.
//
//	emit write DIR          shards in every compression, an event file, expected.json
//	emit dump FILE          one JSON line a record: offset, SHA-256, the Example in protobuf's JSON
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/example"
	"github.com/retort-ml/retort/io/tensorboard"
	"github.com/retort-ml/retort/io/tfrecord"
)

func main() {
	err := fmt.Errorf("usage: emit write DIR | emit dump FILE")
	if len(os.Args) == 3 {
		switch os.Args[1] {
		case "write":
			err = write(os.Args[2])
		case "dump":
			err = dump(os.Args[2])
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

const records = 500

// fields is one Example as TensorFlow must see it.
type fields struct {
	Bytes  map[string][]string `json:"bytes"` // base64
	Floats map[string][]string `json:"floats"`
	Int64s map[string][]string `json:"int64s"`
	b      *example.Builder    // the same, on its way out
}

func (f *fields) addBytes(name string, values ...[]byte) {
	f.Bytes[name] = []string{}
	for _, v := range values {
		f.Bytes[name] = append(f.Bytes[name], base64.StdEncoding.EncodeToString(v))
	}
	f.b.Bytes(name, values...)
}

func (f *fields) addFloats(name string, values ...float32) {
	f.Floats[name] = []string{}
	for _, v := range values { // the bits, so that NaN compares too
		f.Floats[name] = append(f.Floats[name], fmt.Sprintf("%08x", math.Float32bits(v)))
	}
	f.b.Floats(name, values...)
}

func (f *fields) addInt64s(name string, values ...int64) {
	f.Int64s[name] = []string{}
	for _, v := range values {
		f.Int64s[name] = append(f.Int64s[name], fmt.Sprint(v))
	}
	f.b.Int64s(name, values...)
}

// draw makes the i-th Example: the shape of a views record, with edge cases.
func draw(b *example.Builder, i int) fields {
	rng := rand.New(rand.NewPCG(7, uint64(i)))
	b.Reset()
	f := fields{map[string][]string{}, map[string][]string{}, map[string][]string{}, b}
	noise := func(n int) []byte {
		p := make([]byte, n)
		for j := range p {
			p[j] = byte(rng.IntN(8) * j)
		}
		return p
	}
	f.addBytes("image/id", noise(32))
	f.addBytes("view/a", noise(32*32*3))
	f.addBytes("view/b", noise(rng.IntN(70_000)))
	f.addBytes("view/format", []byte("raw"))
	f.addInt64s("view/height", 32)
	f.addInt64s("view/width", 32)
	f.addInt64s("pass", int64(i%10))
	f.addFloats("view/recipe", rng.Float32(), -rng.Float32(), float32(math.Inf(1)), math.MaxFloat32, math.SmallestNonzeroFloat32, 0)
	if i%3 > 0 {
		f.addInt64s("image/label", rng.Int64()-rng.Int64())
	}
	f.addInt64s("extremes", math.MinInt64, -1, 0, 1, math.MaxInt64)
	f.addBytes("several", []byte("ä"), nil, noise(300))
	f.addInt64s("no ints")
	f.addFloats("größe, “unicode”", float32(i))
	return f
}

func write(dir string) error {
	expected, err := os.Create(filepath.Join(dir, "expected.json"))
	if err != nil {
		return err
	}
	defer expected.Close()
	var b example.Builder
	for n, c := range tfrecord.Compressions {
		shard := tfrecord.Shard{Name: "views", Index: n, Count: len(tfrecord.Compressions), Compression: c}
		w, err := tfrecord.Create(filepath.Join(dir, shard.String()), tfrecord.Options{})
		if err != nil {
			return err
		}
		defer w.Discard()
		for i := range records {
			f := draw(&b, i)
			if err := w.Write(b.Encode()); err != nil {
				return err
			}
			if n > 0 {
				continue
			}
			if err := json.NewEncoder(expected).Encode(f); err != nil {
				return err
			}
		}
		if err := w.Commit(); err != nil {
			return err
		}
	}
	return events(filepath.Join(dir, "events"))
}

func events(dir string) error {
	w, err := tensorboard.Create(blob.Local(dir))
	if err != nil {
		return err
	}
	for step := range int64(100) {
		w.Scalar(step, "train/loss", 1/float64(step+1))
	}
	w.Histogram(7, "weights", []float32{-2, -1, 0, 1, 1, 3})
	img := image.NewRGBA(image.Rect(0, 0, 8, 4))
	img.Set(1, 1, color.White)
	if err := w.Image(7, "views", img); err != nil {
		return err
	}
	return w.Close()
}

func dump(path string) error {
	r, err := tfrecord.Open(path, tfrecord.Options{Strict: true})
	if err != nil {
		return err
	}
	defer r.Close()
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	var e example.Example
	for rec, err := range r.All() {
		if err != nil {
			return err
		}
		if err := e.Decode(rec); err != nil {
			return err
		}
		text, err := e.MarshalJSON()
		if err != nil {
			return err
		}
		fmt.Fprintf(out, `{"offset":%d,"sha256":"%x","example":%s}`+"\n", r.Position().Offset, sha256.Sum256(rec), text)
	}
	return nil
}
