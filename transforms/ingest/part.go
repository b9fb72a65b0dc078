package ingest

import (
	"strings"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/index"
	"github.com/retort-ml/retort/transforms/inspect"
)

// part is what the check of a stretch of the listing came to. Its files are called
// as it is: .refs, .bad, .named, .tar.
type part struct {
	Name string    `json:"name"`
	Run  index.Run `json:"run"`

	Listing uint32 `json:"listing,omitempty"` // which stretches of the listing it is, where these are checked by themselves

	Seen  int64 `json:"seen"`
	Kept  int64 `json:"kept"`
	Bad   int64 `json:"bad,omitempty"`   // set aside
	Named int64 `json:"named,omitempty"` // that rows of the labels may name, or hints

	Spooled    int64 `json:"spooled,omitempty"` // members of compressed archives
	SpoolBytes int64 `json:"spool_bytes,omitempty"`

	Found   inspect.Survey     `json:"found"`             // but for the classes
	Lenient map[string]int64   `json:"lenient,omitempty"` // images that were read in spite of something, by what
	First   *artifact.Rejected `json:"first,omitempty"`
	Folders folders            `json:"folders"`
}

// spooled begins the URI of an image in a part's stretch of the tar, until the place
// of the stretch is known: what follows is the part's name.
const spooled = "spooled:"

// spoolName is the tar of the members of compressed archives, which cannot be
// read at an offset where they are.
const spoolName = "spooled.tar"

// places says where the stretches of the parts begin in the tar.
func places(parts []*part) map[string]int64 {
	begins, at := map[string]int64{}, int64(0)
	for _, p := range parts {
		if p.Spooled > 0 {
			begins[p.Name] = at
			at += p.SpoolBytes
		}
	}
	return begins
}

// inTar puts the place of a reference into the tar at uri, if that is where it lies.
func inTar(e *index.Entry, begins map[string]int64, uri string) {
	if name, ok := strings.CutPrefix(e.URI, spooled); ok {
		e.URI, e.Offset = uri, begins[name]+e.Offset
	}
}

// sum is what all parts came to.
type sum struct {
	parts []*part
	all   part // the numbers added up
}

func (t *sum) add(p *part) {
	t.parts = append(t.parts, p)
	t.all.Seen += p.Seen
	t.all.Kept += p.Kept
	t.all.Bad += p.Bad
	t.all.Spooled += p.Spooled
	t.all.Found.Join(&p.Found)
	for meaning, n := range p.Lenient {
		if t.all.Lenient == nil {
			t.all.Lenient = map[string]int64{}
		}
		t.all.Lenient[meaning] += n
	}
	if t.all.First == nil {
		t.all.First = p.First
	}
	t.all.Folders.join(&p.Folders)
}

func (t *sum) runs() []index.Run {
	runs := make([]index.Run, len(t.parts))
	for i, p := range t.parts {
		runs[i] = p.Run
	}
	return runs
}

// sample says which names hints may quote: the first of the listing, and those in
// whose folders no name before was.
type sample struct {
	names   int64
	folders map[string]bool
}

// mostSampled is how many names, and how many folders, the hints of package table
// are made from.
const mostSampled = 20_000

// add reports whether name is one; before are the entries of the listing before this
// part.
func (s *sample) add(name string, before int64) bool {
	s.names++
	fresh := before+s.names <= mostSampled
	dir := name[:strings.LastIndexByte(name, '/')+1]
	if dir != "" && !s.folders[dir] && len(s.folders) < mostSampled {
		if s.folders == nil {
			s.folders = map[string]bool{}
		}
		s.folders[dir] = true
		fresh = true
	}
	return fresh
}
