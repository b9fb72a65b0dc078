package augment

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Numbers are what one extension leaves in a recipe: as many as its row has names
// for. All zero: it is not applied.
type Numbers [4]float32

// stream gives an extension random words that are no other operation's: turning it
// on changes no other number of any recipe.
type stream struct {
	g     generator
	first uint64
}

// block is four words; 0 to 2^32-1 of them are there. The first word of block 0
// decides whether the extension is applied at all.
func (s stream) block(i uint32) [4]uint64 { return s.g.block(s.first | uint64(i)) }

// stream begins beyond what the operations of the first format read: each tag has
// 2^32 blocks.
func (op *operation) stream(g generator) stream { return stream{g, uint64(op.tag) << 32} }

// drawExtras draws the extensions that are on.
func drawExtras(c *Config, g generator) (drawn [extras]Numbers) {
	for i, op := range extensions {
		if s := op.stream(g); happens(s.block(0)[0], op.chance(c)) {
			drawn[i] = op.draw(c, s)
		}
	}
	return drawn
}

// renderExtras does what the recipe says of extensions to a view that is otherwise
// done: values in [0, 1] in v.plane, which they keep there.
func (v *Renderer) renderExtras(width, height int, c *Config, drawn [extras]Numbers) {
	for i, op := range extensions {
		if drawn[i] != (Numbers{}) {
			op.render(v, width, height, c, drawn[i])
		}
	}
}

// checkExtras says which number is impossible.
func checkExtras(drawn [extras]Numbers) error {
	for i, op := range extensions {
		if drawn[i] == (Numbers{}) {
			continue
		}
		for k, n := range op.Numbers {
			if x := drawn[i][k]; !(x >= n.From && x <= n.To) || n.Whole && x != float32(int(x)) {
				return fmt.Errorf("views: recipe: %s: %s = %v; want %v", op.Name, n.Name, x, n.legal())
			}
		}
	}
	return nil
}

func (n Number) legal() string {
	kind := ""
	if n.Whole {
		kind = "a whole number in "
	}
	return fmt.Sprintf("%s%v..%v", kind, n.From, n.To)
}

// place is where the extension of a tag has its numbers.
func place(tag uint8) (i int, ok bool) {
	for i, op := range extensions {
		if op.tag == tag {
			return i, true
		}
	}
	return 0, false
}

// byTag are the places of the extensions in the order of their tags, in which
// recipes have them: the order in which they are applied may change.
var byTag = func() (places []int) {
	for tag := range 256 {
		if i, ok := place(uint8(tag)); ok {
			places = append(places, i)
		}
	}
	return places
}()

// appendExtension appends the extensions that are applied, each as its tag, how many
// numbers it has, and these.
func (r *Recipe) appendExtension(to []byte) []byte {
	for _, i := range byTag {
		op := extensions[i]
		if r.Extra[i] == (Numbers{}) {
			continue
		}
		to = append(to, op.tag, uint8(len(op.Numbers)))
		for _, x := range r.Extra[i][:len(op.Numbers)] {
			to = binary.LittleEndian.AppendUint32(to, math.Float32bits(x))
		}
	}
	return to
}

// extended is how many extensions are applied.
func (r *Recipe) extended() (n uint8) {
	for i := range r.Extra {
		if r.Extra[i] != (Numbers{}) {
			n++
		}
	}
	return n
}

// parseExtension reads n extensions, all that data holds.
func (r *Recipe) parseExtension(data []byte, n int) error {
	last := -1
	for range n {
		if len(data) < 2 || len(data) < 2+4*int(data[1]) {
			return fmt.Errorf("views: recipe: cut short in its extension")
		}
		tag, body := data[0], data[2:2+4*int(data[1])]
		data = data[2+len(body):]
		var numbers []float32
		for ; len(body) > 0; body = body[4:] {
			numbers = append(numbers, math.Float32frombits(binary.LittleEndian.Uint32(body)))
		}
		if err := r.setExtension(tag, numbers, last); err != nil {
			return err
		}
		if i, _ := place(tag); r.Extra[i] == (Numbers{}) {
			return fmt.Errorf("views: recipe: %s is there, but not applied", extensions[i].Name)
		}
		last = int(tag)
	}
	if len(data) > 0 {
		return fmt.Errorf("views: recipe: %d bytes after its extension", len(data))
	}
	return nil
}

// setExtension sets the numbers of a tag, which comes after the last one.
func (r *Recipe) setExtension(tag uint8, numbers []float32, last int) error {
	i, ok := place(tag)
	switch {
	case !ok:
		return fmt.Errorf("views: recipe: operation %d is not known to this program; a newer one made it", tag)
	case int(tag) <= last:
		return fmt.Errorf("views: recipe: operation %d after %d; want rising numbers", tag, last)
	case len(numbers) != len(extensions[i].Numbers):
		return fmt.Errorf("views: recipe: %s with %d numbers; want %d", extensions[i].Name, len(numbers), len(extensions[i].Numbers))
	}
	copy(r.Extra[i][:], numbers)
	return nil
}

// Room says for which extensions lists of numbers have room: those that are on in
// any view of a record, so that all its lists are of one length, whatever was drawn.
type Room uint32

// RoomFor is the room that recipes of the views need.
func RoomFor(views ...Config) (room Room) {
	for v := range views {
		if views[v].Extras == (Extras{}) {
			continue
		}
		for i, op := range extensions {
			if op.chance(&views[v]) > 0 {
				room |= 1 << i
			}
		}
	}
	return room
}

// appendRoom appends for each extension in the room, by rising tags, its tag and its
// numbers.
func (r *Recipe) appendRoom(to []float32, room Room) []float32 {
	for _, i := range byTag {
		if room&(1<<i) != 0 {
			to = append(to, float32(extensions[i].tag))
			to = append(to, r.Extra[i][:len(extensions[i].Numbers)]...)
		}
	}
	return to
}

// parseRoom reads what appendRoom appended.
func (r *Recipe) parseRoom(f []float32) error {
	last := -1
	for len(f) > 0 {
		tag := uint8(min(max(f[0], 0), 255)) // NaN is no tag either
		i, ok := place(tag)
		if !ok || float32(tag) != f[0] {
			return fmt.Errorf("views: recipe: operation %v is not known to this program; a newer one made it", f[0])
		}
		n := len(extensions[i].Numbers)
		if len(f) < 1+n {
			return fmt.Errorf("views: recipe: cut short in the numbers of %s", extensions[i].Name)
		}
		if err := r.setExtension(tag, f[1:1+n], last); err != nil {
			return err
		}
		last, f = int(tag), f[1+n:]
	}
	return nil
}
