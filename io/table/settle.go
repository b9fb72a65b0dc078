package table

import (
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/retort-ml/retort/internal/didyoumean"
)

// Settle closes the offering. A key that names several images which are not
// copies of each other is an error.
func (n *Names) Settle(file string) error {
	for _, k := range n.keys {
		k.Weak = k.best/2 == byPart || k.best/2 == byPartStem
		if k.Weak && len(k.Images) > 0 && (!k.copies() || n.contradicts(k)) {
			k.Images = nil
		}
		if len(k.Images) > 1 && !k.copies() {
			first, second := k.Images[0], k.Images[1]
			return fmt.Errorf("%s:%d: %q names several images, among them %s and %s (write more of the path)",
				file, k.Rows[0].Line, k.Rows[0].Key, first.where(), second.where())
		}
	}
	return nil
}

// contradicts reports whether the folder that a key names is there, without the
// image.
func (n *Names) contradicts(k *Named) bool {
	key, name := strings.Split(slashed(k.Key), "/"), strings.Split(Clean(k.Images[0].Name), "/")
	key[len(key)-1], name[len(name)-1] = "", "" // they agree, but for an extension
	for len(key) > 0 && len(name) > 0 && key[len(key)-1] == name[len(name)-1] {
		key, name = key[:len(key)-1], name[:len(name)-1]
	}
	return len(key) > 0 && n.seen.folders[key[len(key)-1]]
}

// copies reports whether all images of a key hold the same bytes.
func (k *Named) copies() bool {
	if k.others > 0 && k.best/2 != byID {
		return false
	}
	for _, m := range k.Images[1:] {
		if m.ID == "" || m.ID != k.Images[0].ID {
			return false
		}
	}
	return true
}

func (m *Image) where() string { return m.URI + ": " + m.Name }

// Freeze keeps what Settle found: from now on a key takes no other image. Of the
// images that are offered again it is told the ids.
func (n *Names) Freeze() {
	for _, k := range n.keys {
		k.chosen = "\x00" // no image
		if len(k.Images) > 0 {
			k.chosen = k.Images[0].Place
		}
	}
}

// Idle are the keys that name no image, without those that are comments:
// comment is told of these.
func (n *Names) Idle(comment func(Row)) (idle []*Named) {
	for _, k := range n.keys {
		switch {
		case len(k.Images) > 0:
		case k.Rows[0].Comment && !PictureName(k.Key):
			for _, row := range k.Rows {
				comment(row)
			}
		default:
			idle = append(idle, k)
		}
	}
	return idle
}

// shown is how many of a kind a message lists.
const shown = 5

// Explain lists the first of keys that name no image, with the image that each
// may mean.
func (n *Names) Explain(idle []*Named) string {
	var b strings.Builder
	for _, k := range idle[:min(len(idle), shown)] {
		fmt.Fprintf(&b, "\n  line %d: %s%s", k.Rows[0].Line, k.Rows[0].Key, n.hint(k))
	}
	if len(idle) > shown {
		fmt.Fprintf(&b, "\n  … and %d more", len(idle)-shown)
	}
	return b.String()
}

// hint is the image that a key without one may mean.
func (n *Names) hint(k *Named) string {
	key := slashed(k.Key)
	last := key[strings.LastIndexByte(key, '/')+1:]
	if old, known := n.ends[last]; known && old == nil {
		for _, name := range n.seen.names {
			if name == last || strings.HasSuffix(name, "/"+last) {
				return fmt.Sprintf("; several lines end in %q, and none of them fits %q as a whole", last, name)
			}
		}
	}
	for _, name := range n.seen.names {
		switch clean := Clean(name); {
		case strings.EqualFold(clean, key):
			return fmt.Sprintf("; an image is called %q: upper and lower case differ", name)
		case stem(clean) == stem(key):
			return fmt.Sprintf("; an image is called %q: the extension differs", name)
		}
	}
	for _, name := range n.seen.names {
		base := Clean(name[strings.LastIndexByte(name, '/')+1:])
		switch {
		case base != last && strings.EqualFold(base, last):
			return fmt.Sprintf("; an image is called %q: upper and lower case differ", name)
		case base != last && stem(base) == stem(last):
			return fmt.Sprintf("; an image is called %q: the extension differs", name)
		}
	}
	hint := didyoumean.Hint(key, n.seen.names)
	if strings.HasPrefix(hint, "; known") {
		return ""
	}
	return hint
}

// Example is the name of some image, "" if none was offered.
func (n *Names) Example() string {
	if len(n.seen.names) == 0 {
		return ""
	}
	return n.seen.names[0]
}

// sample remembers the names of the first images, for hints.
type sample struct {
	names   []string
	folders map[string]bool
}

const sampleNames = 20000

func (s *sample) add(name string) {
	if len(s.names) < sampleNames {
		s.names = append(s.names, name)
	}
	for at := strings.LastIndexByte(name, '/'); at > 0 && len(s.folders) < sampleNames; {
		dir := name[:at]
		if s.folders == nil {
			s.folders = map[string]bool{}
		}
		at = strings.LastIndexByte(dir, '/')
		if folder := norm.NFC.String(dir[at+1:]); !s.folders[folder] {
			s.folders[folder] = true
		} else {
			break // and so those above it
		}
	}
}
