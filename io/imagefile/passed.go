package imagefile

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Passed counts by kind what a listing passed over.
type Passed struct {
	counts map[passedKind]int64
}

type passedKind struct {
	group passedGroup
	name  string
}

type passedGroup int

// The groups, in the order in which they are told.
const (
	passedFile     passedGroup = iota // of no kind that is read, by extension
	passedArchive                     // of a kind that is not read, by extension
	passedRecords                     // TFRecord files without encoded images
	passedLeftover                    // what systems and tools leave behind, by name
	passedLink                        // links that lead nowhere or in a circle
	passedTail                        // bytes behind the end of an archive
	passedSpecial                     // devices, pipes and the like
)

// maxKinds bounds the memory for extensions that are all different.
const maxKinds = 64

func (p *Passed) add(group passedGroup, name string) {
	if name != ownMark {
		p.addSome(passedKind{group, name}, 1)
	}
}

func (p *Passed) addSome(k passedKind, n int64) {
	if _, known := p.counts[k]; !known && len(p.counts) >= maxKinds {
		k.name = "other"
	}
	if p.counts == nil {
		p.counts = map[passedKind]int64{}
	}
	p.counts[k] += n
}

// String tells what was passed over in one line, "" if nothing was.
func (p *Passed) String() string {
	keys := make([]passedKind, 0, len(p.counts))
	for k := range p.counts {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b passedKind) int {
		return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(p.counts[b], p.counts[a]), strings.Compare(a.name, b.name))
	})
	var groups []string
	for i := 0; i < len(keys); {
		var kinds []string
		group := keys[i].group
		for ; i < len(keys) && keys[i].group == group; i++ {
			kinds = append(kinds, keys[i].describe(p.counts[keys[i]]))
		}
		groups = append(groups, groupTitles[group]+strings.Join(kinds, ", "))
	}
	return strings.Join(groups, "; ")
}

// groupTitles stand before what a group has.
var groupTitles = [...]string{
	passedArchive:  "archives of kinds that are not read: ",
	passedLeftover: "left by systems or tools: ",
	passedSpecial:  "pipes, sockets or devices: ",
}

func (k passedKind) describe(n int64) string {
	switch k.group {
	case passedArchive:
		return fmt.Sprintf("%d %s (unpack: %s)", n, k.name, foreignArchives[k.name])
	case passedRecords:
		return fmt.Sprintf("%d TFRecord %s without encoded images", n, plural(n, "file", "files"))
	case passedLink:
		return fmt.Sprintf("%d %s %s", n, plural(n, "link", "links"), k.name)
	case passedTail:
		return fmt.Sprintf("bytes behind the end of %d %s", n, plural(n, "archive", "archives"))
	case passedSpecial:
		return fmt.Sprint(n)
	case passedLeftover:
		if k.name == hidden {
			return fmt.Sprintf("%d hidden", n)
		}
	}
	return fmt.Sprintf("%d %s", n, k.name)
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// other passes over a file of no kind that is read.
func (s *ListStats) other(name string) {
	s.Skipped++
	if ext := foreignArchive(name); ext != "" {
		s.Passed.add(passedArchive, ext)
		return
	}
	ext := strings.ToLower(path.Ext(name))
	switch {
	case ext == "":
		ext = plainName
	case len(ext) > 12 || strings.ContainsAny(ext, " \n\r\t\""):
		ext = "other"
	}
	s.Passed.add(passedFile, ext)
}

const plainName = "without an extension"

// pass passes over something of another group.
func (s *ListStats) pass(group passedGroup, name string) {
	s.Skipped++
	s.Passed.add(group, name)
}
