package dagsvg

// Reduce leaves out the edges between two nodes that a longer way joins, too
// (the transitive reduction of an acyclic graph): a picture of what follows on
// what, without the lines that only say that something is read once more.
func Reduce(edges []Edge) []Edge {
	next := map[string][]string{}
	for _, e := range edges {
		if e.From != e.To {
			next[e.From] = append(next[e.From], e.To)
		}
	}
	var kept []Edge
	for _, e := range edges {
		if !longer(next, e) {
			kept = append(kept, e)
		}
	}
	return kept
}

// longer tells whether a way of two edges or more leads from e.From to e.To.
func longer(next map[string][]string, e Edge) bool {
	seen := map[string]bool{e.From: true}
	var reach func(from string) bool
	reach = func(from string) bool {
		for _, to := range next[from] {
			if to == e.To {
				return true
			}
			if !seen[to] {
				seen[to] = true
				if reach(to) {
					return true
				}
			}
		}
		return false
	}
	for _, first := range next[e.From] {
		if first != e.To && !seen[first] {
			seen[first] = true
			if reach(first) {
				return true
			}
		}
	}
	return false
}
