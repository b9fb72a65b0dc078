package html

import (
	"strings"

	"github.com/retort-ml/retort/internal/dagsvg"
	"github.com/retort-ml/retort/internal/units"
)

// stageRow is a stage in the table below the graph.
type stageRow struct {
	Name, Kind, Holds, Time, Size string
	Bar                           float64 // 0..100: its share of the longest stage's time
	Share                         string  // of the time of all stages
}

// StageTable is the graph's stages, in order, with where the time went.
func (r *Report) StageTable() []stageRow {
	longest, total := 0.0, 0.0
	for _, n := range r.Graph.Nodes {
		if Number(n.Seconds).Finite() && n.Seconds > 0 {
			longest, total = max(longest, n.Seconds), total+n.Seconds
		}
	}
	var rows []stageRow
	for _, n := range r.Graph.Nodes {
		row := stageRow{Name: n.Name, Kind: n.Kind, Holds: holds(n), Time: units.Unknown, Size: units.Unknown}
		if n.Seconds > 0 && Number(n.Seconds).Finite() {
			row.Time, row.Bar = units.Seconds(n.Seconds), 100*n.Seconds/longest
			row.Share = decimals(100*n.Seconds/total, 1) + " %"
		}
		if n.Bytes > 0 {
			row.Size = units.Bytes(n.Bytes)
		}
		rows = append(rows, row)
	}
	return rows
}

func holds(n dagsvg.Node) string {
	var parts []string
	for _, c := range n.Counts {
		parts = append(parts, units.Count(c.N)+" "+c.Name)
	}
	return strings.Join(parts, " · ")
}
