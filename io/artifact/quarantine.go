package artifact

import "sort"

// Rejected is one image or record that a stage set aside.
type Rejected struct {
	ID     string `json:"id,omitempty"`
	Name   string `json:"name,omitempty"` // path inside the folder or archive
	URI    string `json:"uri"`
	Offset int64  `json:"offset,omitempty"`
	Length int64  `json:"length,omitempty"` // of the encoded bytes, where they were found
	Reason string `json:"reason"`           // one of imagefile's closed list
	Detail string `json:"detail,omitempty"`
}

// Quarantine sums up what a stage set aside. All of it is listed in the data
// file quarantine.jsonl of the same artifact.
type Quarantine struct {
	Total   int64            `json:"total"`
	Of      int64            `json:"of"` // how many were looked at
	Reasons map[string]int64 `json:"reasons,omitempty"`
	First   []Rejected       `json:"first,omitempty"` // at most FirstShown, in order
}

// FirstShown is how many rejected items a summary quotes.
const FirstShown = 10

// Summarise counts items, sorted by name so that the summary does not depend
// on the order in which workers met them.
func Summarise(items []Rejected, of int64) *Quarantine {
	sort.SliceStable(items, func(i, j int) bool {
		if items[i].URI != items[j].URI {
			return items[i].URI < items[j].URI
		}
		if items[i].Offset != items[j].Offset {
			return items[i].Offset < items[j].Offset
		}
		return items[i].Name < items[j].Name
	})
	q := &Quarantine{Total: int64(len(items)), Of: of, Reasons: map[string]int64{}}
	for _, it := range items {
		q.Reasons[it.Reason]++
	}
	q.First = items[:min(len(items), FirstShown)]
	return q
}
