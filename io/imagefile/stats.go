package imagefile

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Add adds what another listing met, which came after this one.
func (s *ListStats) Add(o *ListStats) {
	s.Images += o.Images
	s.Bad += o.Bad
	s.Skipped += o.Skipped
	s.Sidecars += o.Sidecars
	s.Records += o.Records
	s.ByArchive += o.ByArchive
	s.Again += o.Again
	for _, k := range o.Passed.kinds() {
		s.Passed.addSome(k, o.Passed.counts[k])
	}
	for _, key := range slices.Sorted(maps.Keys(o.Shards.sets)) {
		set := o.Shards.sets[key]
		for index := range set.seen {
			s.Shards.put(key, index, set.count)
		}
	}
}

// kinds are those that were passed over, in one order.
func (p *Passed) kinds() []passedKind {
	return slices.SortedFunc(maps.Keys(p.counts), func(a, b passedKind) int {
		return cmp.Or(cmp.Compare(a.group, b.group), strings.Compare(a.name, b.name))
	})
}

// passedJSON is a kind with its count.
type passedJSON struct {
	Group passedGroup `json:"group"`
	Name  string      `json:"name,omitempty"`
	Count int64       `json:"count"`
}

// MarshalJSON writes the counts as a list.
func (p Passed) MarshalJSON() ([]byte, error) {
	list := []passedJSON{}
	for _, k := range p.kinds() {
		list = append(list, passedJSON{k.group, k.name, p.counts[k]})
	}
	return json.Marshal(list)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (p *Passed) UnmarshalJSON(data []byte) error {
	var list []passedJSON
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	*p = Passed{}
	for _, k := range list {
		p.addSome(passedKind{k.Group, k.Name}, k.Count)
	}
	return nil
}

// shardsJSON is a set of files, by name, and which of them were seen.
type shardsJSON struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
	Seen  []int  `json:"seen"`
}

// MarshalJSON writes the sets as a list.
func (s Shards) MarshalJSON() ([]byte, error) {
	list := []shardsJSON{}
	for _, key := range slices.Sorted(maps.Keys(s.sets)) {
		list = append(list, shardsJSON{key, s.sets[key].count, slices.Sorted(maps.Keys(s.sets[key].seen))})
	}
	return json.Marshal(list)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Shards) UnmarshalJSON(data []byte) error {
	var list []shardsJSON
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	*s = Shards{}
	for _, set := range list {
		for _, index := range set.Seen {
			s.put(set.Name, index, set.Count)
		}
	}
	return nil
}
