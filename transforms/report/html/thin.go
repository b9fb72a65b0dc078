package html

import "math"

// thin returns at most about limit points of s: of each stretch the first, the
// lowest and the highest, so that spikes stay, and a gap where there is one.
func thin(s Series, limit int) Series {
	if len(s.X) <= limit {
		return s
	}
	out := Series{Name: s.Name}
	keep := func(i int) {
		out.X, out.Y = append(out.X, s.X[i]), append(out.Y, s.Y[i])
	}
	buckets := limit / 4
	for b := range buckets {
		from, to := b*len(s.X)/buckets, (b+1)*len(s.X)/buckets
		marks := extremes(s.Y, from, to)
		for i := from; i < to; i++ {
			if marks[i] {
				keep(i)
			}
		}
	}
	if n := len(s.X) - 1; out.X[len(out.X)-1] != s.X[n] {
		keep(n)
	}
	return out
}

// extremes marks the points of a stretch that have to stay.
func extremes(ys []Number, from, to int) map[int]bool {
	lo, hi, gap := -1, -1, -1
	for i := from; i < to; i++ {
		switch {
		case !ys[i].Finite():
			gap = i
		case lo < 0:
			lo, hi = i, i
		case ys[i] < ys[lo]:
			lo = i
		case ys[i] > ys[hi]:
			hi = i
		}
	}
	marks := map[int]bool{from: true, lo: true, hi: true}
	if gap >= 0 {
		marks[gap] = true
	}
	return marks
}

// restless tells whether a line goes up and down so much that its course is
// hard to see.
func restless(s Series) bool {
	if len(s.Y) < 60 {
		return false
	}
	lo, hi, way, before := math.Inf(1), math.Inf(-1), 0.0, math.NaN()
	for _, y := range s.Y {
		if !y.Finite() {
			continue
		}
		v := float64(y)
		lo, hi = min(lo, v), max(hi, v)
		if !math.IsNaN(before) {
			way += math.Abs(v - before)
		}
		before = v
	}
	return way > 3*(hi-lo)
}

// smooth is the centred moving average over a twenty-fifth of the line.
func smooth(s Series) Series {
	half := max(2, len(s.Y)/50)
	out := Series{Name: s.Name, X: s.X, Y: make([]Number, len(s.Y))}
	for i := range s.Y {
		reach := min(half, i, len(s.Y)-1-i)
		sum, n := 0.0, 0
		for j := i - reach; j <= i+reach; j++ {
			if s.Y[j].Finite() {
				sum += float64(s.Y[j])
				n++
			}
		}
		out.Y[i] = NaN()
		if n > 0 && s.Y[i].Finite() {
			out.Y[i] = Number(sum / float64(n))
		}
	}
	return out
}
