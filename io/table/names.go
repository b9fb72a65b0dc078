package table

import (
	"path"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Names finds the images that the keys of rows name. Rows are added, then every
// image is offered, then Settle says who belongs to whom. A key names an image
// by, the first that applies to some image:
//
//	its id: 32 hexadecimal digits
//	its path on this machine, or its name in the folder, archive or list
//	the same without the extension
//	the end of its path, down to the file's name; without the extension
//	a path of elsewhere that ends in the image's name: /their/folder/cat/1.jpg
//	a path of which only the last parts agree, if no other row or image has
//	them, and no folder here is called as the key's is
//
// Paths are compared in Unicode's composed form (NFC), with \ taken for / where
// nothing is named otherwise, and never without regard to case. Memory grows with
// the number of rows alone.
type Names struct {
	keys []*Named
	by   map[string]*Named
	ends map[string]*Named // by the last parts of keys of several parts; nil: several have them
	seen sample
}

// Named is a key with its rows and the images that it names.
type Named struct {
	Key    string // clean, composed
	Rows   []Row
	Images []Image // after Settle: none, one, or several if they are copies of each other
	Weak   bool    // the image was found by the last parts of the path only

	best   rank
	others int    // images beside those kept that fit as well
	chosen string // set by Freeze: the place of the one image that it is for
}

// Image is one that may be named.
type Image struct {
	ID    string // 32 hexadecimal digits, "" where it is not known
	Name  string // slash-separated, inside the folder or archive
	URI   string // the file
	Place string // tells it from all others
	Tag   any    `json:"-"` // the caller's
}

type rank int

// From weak to strong.
const (
	unnamed rank = iota
	byPart
	byPartStem
	elsewhere
	elsewhereStem
	byEndStem
	byEnd
	byStem
	byName
	byPath
	byID
)

// NewNames makes an empty set of keys.
func NewNames() *Names { return &Names{by: map[string]*Named{}} }

// Len is the number of different keys.
func (n *Names) Len() int { return len(n.keys) }

// Keys are all keys in the order of their first rows.
func (n *Names) Keys() []*Named { return n.keys }

// Clean is a path as keys are compared.
func Clean(p string) string { return norm.NFC.String(path.Clean(strings.TrimSpace(p))) }

// slashed is a path with \ taken for /.
func slashed(p string) string { return Clean(strings.ReplaceAll(p, `\`, "/")) }

// Add adds a row.
func (n *Names) Add(row Row) {
	key := norm.NFC.String(path.Clean(row.Key)) // blanks at its ends may belong to the name
	if n.by[key] == nil {
		k := &Named{Key: key}
		n.keys, n.by[key] = append(n.keys, k), k
		for _, alias := range []string{Clean(row.Key), slashed(row.Key), strings.ToLower(key)} {
			if alias != key && n.by[alias] == nil && (alias != strings.ToLower(key) || isID(alias)) {
				n.by[alias] = k
			}
		}
	}
	k := n.by[key]
	k.Rows = append(k.Rows, row)
	n.ends = nil
}

// HasIDs reports whether some key may be an image's id.
func (n *Names) HasIDs() bool {
	for key := range n.by {
		if isID(key) {
			return true
		}
	}
	return false
}

// Offer lets the keys that name an image have it.
func (n *Names) Offer(m Image) {
	n.seen.add(m.Name)
	n.find(m, func(k *Named, as rank) { k.take(m, as) })
}

// Match reports whether some key may have an image. It changes nothing: images can
// be looked at in any number of places, and those that match be offered in one.
func (n *Names) Match(m Image) bool {
	found := false
	n.find(m, func(k *Named, _ rank) { found = found || k != nil })
	return found
}

// Prepare makes Match safe for concurrent use, once all rows are added.
func (n *Names) Prepare() {
	if n.ends == nil {
		n.index()
	}
}

// find hands over the keys that an image fits.
func (n *Names) find(m Image, take func(*Named, rank)) {
	if k := n.by[m.ID]; k != nil && m.ID != "" {
		take(k, fit(byID, true))
	}
	name, uri := norm.NFC.String(path.Clean(m.Name)), norm.NFC.String(path.Clean(slash(m.URI)))
	file := path.Base(uri) == path.Base(name) // else it is a member of an archive
	switch {
	case file && n.whole(uri, byPath, byStem, take):
	case n.whole(name, byName, byStem, take), n.part(name, take):
	case file && n.part(uri, take):
	default:
		n.elsewhere(name, take)
	}
}

func (n *Names) whole(name string, as, stemAs rank, take func(*Named, rank)) bool {
	if k := n.by[name]; k != nil {
		take(k, fit(as, k.Key == name))
		return true
	}
	if k := n.by[stem(name)]; k != nil {
		take(k, fit(stemAs, k.Key == stem(name)))
		return true
	}
	return false
}

// part offers an image to the key that is the longest end of its path.
func (n *Names) part(name string, take func(*Named, rank)) bool {
	for rest, found := name, true; found; {
		if _, rest, found = strings.Cut(rest, "/"); found && n.whole(rest, byEnd, byEndStem, take) {
			return true
		}
	}
	return false
}

// maxParts is how many of the last parts of a key are looked up.
const maxParts = 4

// elsewhere offers an image to the one key that ends as its name does.
func (n *Names) elsewhere(name string, take func(*Named, rank)) {
	if n.ends == nil {
		n.index()
	}
	for i, end := range ends(name) {
		as, stemAs := byPart, byPartStem
		if i == 0 && strings.Count(name, "/") < maxParts { // the key ends in the whole name
			as, stemAs = elsewhere, elsewhereStem
		}
		if k, known := n.ends[end]; known {
			take(k, fit(as, true))
			return
		}
		if k, known := n.ends[stem(end)]; known {
			take(k, fit(stemAs, true))
			return
		}
	}
}

func (n *Names) index() {
	n.ends = map[string]*Named{}
	for _, k := range n.keys {
		for _, key := range []string{k.Key, slashed(k.Key)} {
			for _, end := range ends(key) {
				if old, taken := n.ends[end]; end != key && (!taken || old != k) {
					if n.ends[end] = k; taken {
						n.ends[end] = nil
					}
				}
			}
		}
	}
}

// ends are the last parts of a path, the longest first: at most maxParts.
func ends(p string) []string {
	var list []string
	at := len(p)
	for range maxParts {
		if at = strings.LastIndexByte(p[:at], '/'); at < 0 {
			list = append(list, p)
			break
		}
		list = append(list, p[at+1:])
	}
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	return list
}

// stem is a path without the extension of its last part.
func stem(p string) string {
	if PictureName(p) {
		return strings.TrimSuffix(p, path.Ext(p))
	}
	return p
}

func slash(p string) string { return strings.ReplaceAll(p, `\`, "/") }

// fit ranks a key that was found as it was written before one that was cleaned.
func fit(as rank, asWritten bool) rank {
	if asWritten {
		return 2*as + 1
	}
	return 2 * as
}

// take lets a key have an image, if no other fits it better.
func (k *Named) take(m Image, as rank) {
	switch {
	case k == nil: // several keys end so
		return
	case k.chosen != "" && k.chosen != m.Place && as/2 != byID:
		return
	case as < k.best && k.chosen == "":
		return
	case as > k.best:
		k.best, k.Images, k.others = as, k.Images[:0], 0
	}
	for i, other := range k.Images {
		if other.Place == m.Place {
			k.Images[i] = m
			return
		}
	}
	switch {
	case len(k.Images) < 2 || as/2 == byID && len(k.Images) < maxCopies:
		k.Images = append(k.Images, m)
	case m.ID == "" || m.ID != k.Images[0].ID: // else one more copy
		k.others++
	}
}

// maxCopies is how many images of one id are remembered.
const maxCopies = 16
