package imagefile

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Shards counts the files of sets of TFRecords whose names say how many there are.
type Shards struct {
	sets map[string]*shardSet
}

type shardSet struct {
	count int
	seen  map[int]bool
}

// maxSets bounds the memory for sets that are all different.
const maxSets = 256

var shardOf = regexp.MustCompile(`-(\d{3,9})-of-(\d{3,9})`)

// add counts one file by its name, behind folders or not.
func (s *Shards) add(name string) {
	dir, name := path.Split(name)
	m := shardOf.FindStringSubmatchIndex(name)
	if m == nil {
		return
	}
	index, _ := strconv.Atoi(name[m[2]:m[3]])
	count, _ := strconv.Atoi(name[m[4]:m[5]])
	s.put(dir+name[:m[0]]+"-…-of-"+name[m[4]:], index, count)
}

// put notes one file of a set of so many.
func (s *Shards) put(key string, index, count int) {
	set := s.sets[key]
	if set == nil {
		if len(s.sets) >= maxSets || index >= count {
			return
		}
		if s.sets == nil {
			s.sets = map[string]*shardSet{}
		}
		set = &shardSet{count, map[int]bool{}}
		s.sets[key] = set
	}
	set.seen[index] = true
}

// Missing names the sets that are not whole, "" if there are none.
func (s *Shards) Missing() string {
	var list []string
	for key, set := range s.sets {
		if len(set.seen) < set.count {
			list = append(list, fmt.Sprintf("%s (%d of %d)", key, len(set.seen), set.count))
		}
	}
	slices.Sort(list)
	text := strings.Join(list[:min(5, len(list))], ", ")
	if more := len(list) - 5; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
