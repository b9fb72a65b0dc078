package cpu

import (
	"cmp"
	"slices"
)

// lifetime is the range of steps in which a slot's memory is needed.
type lifetime struct{ first, last int }

// plan places every slot that is neither an input, a constant nor an output in
// the arena, such that values that live at the same time do not overlap, and
// finds for each output an input whose memory it can take over.
func (p *program) plan() {
	life := p.lifetimes()
	home := p.shareInPlace(life)
	p.place(life, home)
	p.findDonors(life)
}

func (p *program) lifetimes() []lifetime {
	life := make([]lifetime, len(p.slots))
	for i := range life {
		life[i] = lifetime{len(p.steps), -1}
	}
	touch := func(s, at int) {
		life[s].first = min(life[s].first, at)
		life[s].last = max(life[s].last, at)
	}
	for i, st := range p.steps {
		for _, s := range st.reads {
			touch(s, i)
		}
		for _, s := range st.writes {
			touch(s, i)
		}
	}
	for _, s := range p.outputSlots {
		touch(s, len(p.steps))
	}
	return life
}

func (p *program) isOutput() map[int]bool {
	out := map[int]bool{}
	for _, s := range p.outputSlots {
		out[s] = true
	}
	return out
}

// inArena says whether a slot's memory is planned here.
func (p *program) inArena(s int) bool { return p.slots[s].input < 0 && p.slots[s].mem == nil }

// shareInPlace lets results take over the memory of operands that die in the
// step. It returns the slot whose place each slot shares, and extends lives.
func (p *program) shareInPlace(life []lifetime) []int {
	home := make([]int, len(p.slots))
	for i := range home {
		home[i] = i
	}
	outputs := p.isOutput()
	for i, st := range p.steps {
		for _, s := range st.reuse {
			w := st.writes[0]
			if outputs[w] || !p.inArena(s) || outputs[home[s]] || outputs[s] ||
				life[s].last != i || p.slots[s].bytes != p.slots[w].bytes || home[w] != w {
				continue
			}
			home[w] = home[s]
			life[home[s]].last = max(life[home[s]].last, life[w].last)
			break
		}
	}
	return home
}

// place assigns offsets, largest first, each at the lowest offset that is free
// during its whole life.
func (p *program) place(life []lifetime, home []int) {
	outputs := p.isOutput()
	var order []int
	for s := range p.slots {
		if home[s] == s && p.inArena(s) && !outputs[s] && life[s].last >= 0 {
			order = append(order, s)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p.slots[b].bytes, p.slots[a].bytes) })
	p.offset = make([]int, len(p.slots))
	for i := range p.offset {
		p.offset[i] = -1
	}
	var placed []int // ordered by offset
	for _, s := range order {
		p.offset[s] = p.firstFit(s, placed, life)
		p.arenaBytes = max(p.arenaBytes, p.offset[s]+alignUp(p.slots[s].bytes))
		at, _ := slices.BinarySearchFunc(placed, s, func(a, b int) int { return cmp.Compare(p.offset[a], p.offset[b]) })
		placed = slices.Insert(placed, at, s)
	}
	for s := range p.slots {
		p.offset[s] = p.offset[home[s]]
	}
}

func (p *program) firstFit(s int, placed []int, life []lifetime) int {
	size, at := alignUp(p.slots[s].bytes), 0
	for _, q := range placed {
		if life[q].last < life[s].first || life[q].first > life[s].last {
			continue
		}
		if p.offset[q] >= at+size {
			break
		}
		at = max(at, p.offset[q]+alignUp(p.slots[q].bytes))
	}
	return at
}

// findDonors pairs each output with an input of the same size that is not read
// after the output is first written.
func (p *program) findDonors(life []lifetime) {
	p.donor = make([]int, len(p.outputSlots))
	used := make([]bool, len(p.inputSlots))
	for o, s := range p.outputSlots {
		p.donor[o] = -1
		first := life[s].first
		for i, in := range p.inputSlots {
			if used[i] || p.slots[in].bytes != p.slots[s].bytes || classOf(p.slots[in].bytes) == 0 {
				continue
			}
			free := life[in].last < first
			if life[in].last == first && first < len(p.steps) {
				st := p.steps[first]
				free = st.writes[0] == s && slices.Contains(st.reuse, in)
			}
			if free {
				p.donor[o], used[i] = i, true
				break
			}
		}
	}
}
