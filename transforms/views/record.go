package views

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/retort-ml/retort/io/example"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/tfrecord"
	"github.com/retort-ml/retort/transforms/views/augment"
)

// The keys of a view Example; docs/formats.md is their contract.
const (
	keyID     = "image/id"
	keyLabel  = "image/label"
	keyURI    = "image/uri"
	keyOffset = "image/offset"
	keyLength = "image/length"
	keyPass   = "pass"
	keyFormat = "view/format"
	keyHeight = "view/height"
	keyWidth  = "view/width"
	keyRecipe = "view/recipe"
	keyScale  = "view/scale"  // Store "recipe": 1/scale is the size the image is decoded at, of each view or of all
	keyReplay = "view/replay" // Store "recipe": the recipes in binary, one a view
)

// viewKeys are the keys of the views' pixels, in order.
var viewKeys = func() (keys [26]string) {
	for i := range keys {
		keys[i] = "view/" + string(rune('a'+i))
	}
	return keys
}()

// describe starts the Example of one pass of an image: what all of them have
// first, by name. The builder need not sort what comes sorted.
func (w *worker) describe(ref imagefile.Ref) *example.Builder {
	b := &w.builder
	b.Reset()
	b.Bytes(keyID, ref.ID[:])
	if ref.Label != imagefile.UnknownLabel {
		b.Int64s(keyLabel, int64(ref.Label))
	}
	return b
}

// sides are the sides of the views.
func (w *worker) sides(s *Stage) []int64 {
	w.ints = w.ints[:0]
	for v := range s.Views {
		w.ints = append(w.ints, int64(s.Views[v].Size))
	}
	return w.ints
}

// describeRecipe sets the builder to an Example without pixels.
func (w *worker) describeRecipe(s *Stage, ref imagefile.Ref, pass int) {
	b := w.describe(ref)
	b.Int64s(keyLength, ref.Length)
	b.Int64s(keyOffset, ref.Offset)
	b.Bytes(keyURI, []byte(ref.URI))
	b.Int64s(keyPass, int64(pass))
	b.Int64s(keyHeight, w.sides(s)...)
	replay := make([][]byte, len(s.Views))
	for v, r := range w.recipes[pass*len(s.Views):][:len(s.Views)] {
		replay[v], _ = r.MarshalBinary()
	}
	b.Bytes(keyReplay, replay...)
	w.ints = w.ints[:0]
	for _, scale := range w.scales[pass*len(s.Views):][:len(s.Views)] {
		w.ints = append(w.ints, int64(scale))
	}
	b.Int64s(keyScale, w.ints...)
	b.Int64s(keyWidth, w.sides(s)...)
}

// describePixels sets the builder to an Example with pixels, which view adds.
func (w *worker) describePixels(s *Stage, ref imagefile.Ref, pass int, format string, view func(v int)) {
	b := w.describe(ref)
	b.Int64s(keyPass, int64(pass))
	for v := range s.Views {
		view(v)
	}
	b.Bytes(keyFormat, formats[format])
	b.Int64s(keyHeight, w.sides(s)...)
	w.floats = w.floats[:0]
	room := augment.RoomFor(s.Views...)
	for _, r := range w.recipes[pass*len(s.Views):][:len(s.Views)] {
		w.floats = r.AppendFloats(w.floats, room)
	}
	b.Floats(keyRecipe, w.floats...)
	b.Int64s(keyWidth, w.sides(s)...)
}

var formats = map[string][]byte{"raw": []byte("raw"), "png": []byte("png")}

// describeRaw sets the builder to an Example with room for raw pixels.
func (w *worker) describeRaw(s *Stage, ref imagefile.Ref, pass int) {
	w.describePixels(s, ref, pass, "raw", func(v int) { w.builder.Space(viewKeys[v], 3*s.Views[v].Size*s.Views[v].Size) })
}

// rawLength is how long the record of one pass will be; it depends on the
// image's label and on no other image. It draws no recipe: they are all of one
// length.
func (w *worker) rawLength(s *Stage, ref imagefile.Ref, pass int) int {
	w.recipes = append(w.recipes[:0], make([]augment.Recipe, (pass+1)*len(s.Views))...)
	w.describeRaw(s, ref, pass)
	return w.builder.Size()
}

// encode appends the builder's Example, with room for the frame of a TFRecord
// around it.
func (w *worker) encode(to []byte) []byte {
	at, n := len(to), tfrecord.FrameBefore+w.builder.Size()+tfrecord.FrameAfter
	to = slices.Grow(to, n)
	return w.builder.AppendTo(to[:at+tfrecord.FrameBefore])[:at+n]
}

// place is an item's position in the order of the records of a pass.
type place struct {
	key  uint64
	item int32
}

// ordered are the numbers of items in the order of their records: block after
// block, of which each begins where starts says, and by OrderKey within.
func ordered(items []item, starts []int, pass int) []int32 {
	places := make([]place, len(items))
	for i := range items {
		places[i] = place{OrderKey(items[i].ref.ID, pass), int32(i)}
	}
	for b := range len(starts) - 1 {
		slices.SortFunc(places[starts[b]:starts[b+1]], func(a, b place) int {
			if c := cmp.Compare(a.key, b.key); c != 0 {
				return c
			}
			return bytes.Compare(items[a.item].ref.ID[:], items[b.item].ref.ID[:])
		})
	}
	order := make([]int32, len(items))
	for k, p := range places {
		order[k] = p.item
	}
	return order
}

// OrderKey orders the records of a block in one pass. Image ids are uniform hashes, so
// mixing one with the pass gives a random order, another for every pass, that
// no number of shards or workers changes.
func OrderKey(id imagefile.ID, pass int) uint64 {
	return mix(binary.BigEndian.Uint64(id[:8]) ^ mix(uint64(pass)+0x9E3779B97F4A7C15))
}

// mix is the finaliser of splitmix64.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// Record is one decoded record: the views of one image in one pass.
type Record struct {
	ID    imagefile.ID
	Pass  int
	Label int32     // imagefile.UnknownLabel where it is not known
	Views [][]uint8 // packed RGB, Size x Size each

	example example.Example
	replay  [][]byte
	scales  []int
	ref     imagefile.Ref
}

// parse decodes data into r. With pixels stored raw the views refer to data.
func (r *Record) parse(data []byte, meta *Meta) error {
	if err := r.example.Decode(data); err != nil {
		return err
	}
	ex := r.example
	id, err := ex.Bytes(keyID)
	if err != nil || len(id) != len(r.ID) {
		return fmt.Errorf("key %q: want 16 bytes", keyID)
	}
	copy(r.ID[:], id)
	pass, err := ex.Int64(keyPass)
	if err != nil {
		return err
	}
	r.Pass, r.Label = int(pass), imagefile.UnknownLabel
	if _, ok := ex.Feature(keyLabel); ok {
		label, err := ex.Int64(keyLabel)
		if err != nil {
			return err
		}
		r.Label = int32(label)
	}
	if meta.Store == "recipe" {
		return r.parseReplay()
	}
	return r.parsePixels(meta)
}

func (r *Record) parseReplay() (err error) {
	if r.replay, err = r.example.BytesList(keyReplay); err != nil {
		return err
	}
	scales, err := r.example.Int64s(keyScale)
	if err != nil {
		return err
	}
	if len(scales) != 1 && len(scales) != len(r.replay) {
		return fmt.Errorf("key %q: %d values for %d views", keyScale, len(scales), len(r.replay))
	}
	r.scales = r.scales[:0]
	for i := range r.replay {
		scale := scales[i%len(scales)]
		if scale != 1 && scale != 2 && scale != 4 && scale != 8 {
			return fmt.Errorf("key %q: %d; want 1, 2, 4 or 8", keyScale, scale)
		}
		r.scales = append(r.scales, int(scale))
	}
	uri, err := r.example.Bytes(keyURI)
	if err != nil {
		return err
	}
	r.ref = imagefile.Ref{ID: r.ID, URI: string(uri)}
	if r.ref.Offset, err = r.example.Int64(keyOffset); err != nil {
		return err
	}
	r.ref.Length, err = r.example.Int64(keyLength)
	return err
}

func (r *Record) parsePixels(meta *Meta) error {
	format, err := r.example.Bytes(keyFormat)
	if err != nil {
		return err
	}
	r.Views = r.Views[:0]
	for v, size := range meta.Sizes {
		pix, err := r.example.Bytes(viewKeys[v])
		if err != nil {
			return err
		}
		if string(format) == "png" {
			rgb, err := imagefile.Decode(pix, imagefile.Options{})
			if err != nil {
				return fmt.Errorf("key %q: %w", viewKeys[v], err)
			}
			pix = rgb.Pix
		}
		if len(pix) != 3*size*size {
			return fmt.Errorf("key %q: %d bytes of pixels, want %d x %d x 3", viewKeys[v], len(pix), size, size)
		}
		r.Views = append(r.Views, pix)
	}
	return nil
}

// Recipes are the recipes of the record's views; nil where they cannot be read.
func (r *Record) Recipes() []augment.Recipe {
	if r.replay != nil {
		recipes := make([]augment.Recipe, len(r.replay))
		for v, b := range r.replay {
			if recipes[v].UnmarshalBinary(b) != nil {
				return nil
			}
		}
		return recipes
	}
	floats, err := r.example.Floats(keyRecipe)
	if err != nil || len(r.Views) == 0 || len(floats)%len(r.Views) != 0 {
		return nil
	}
	recipes := make([]augment.Recipe, len(r.Views))
	n := len(floats) / len(r.Views)
	for v := range recipes {
		if recipes[v], err = augment.ParseFloats(floats[v*n : (v+1)*n]); err != nil {
			return nil
		}
	}
	return recipes
}
