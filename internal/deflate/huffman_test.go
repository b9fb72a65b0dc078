package deflate

import (
	"math/rand/v2"
	"testing"
)

// TestCodesAreComplete: for any frequencies the codes fill the tree, none is
// longer than allowed, a rarer symbol has none that is shorter, and without a
// limit they are as short as Huffman's.
func TestCodesAreComplete(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, limit := range []int{7, litLimit, maxBits} {
		for round := range 300 {
			freq := make([]uint32, 2+r.IntN(min(litCodes, 1<<limit)-1))
			if limit == 7 {
				freq = freq[:min(len(freq), 19)]
			}
			a, b := uint32(1), uint32(1) // Fibonacci's numbers make the deepest tree
			for i := range freq {
				switch round % 3 {
				case 0:
					freq[i] = a
					if a, b = b, a+b; b > 16_000 {
						a, b = 1, 1
					}
				case 1:
					freq[i] = uint32(r.IntN(3)) * uint32(r.IntN(16_000))
				case 2:
					freq[i] = uint32(r.IntN(200))
				}
			}
			checkCode(t, freq, limit)
		}
	}
	checkCode(t, make([]uint32, 30), maxBits) // no symbol at all
	checkCode(t, []uint32{0, 0, 5}, maxBits)  // only one
}

func checkCode(t *testing.T, freq []uint32, limit int) {
	t.Helper()
	var b builder
	codes, lengths := make([]code, len(freq)), make([]uint8, len(freq))
	b.build(codes, lengths, freq, limit)
	filled, cost := 0, uint32(0)
	for i, n := range lengths {
		if int(n) > limit || n == 0 && freq[i] > 0 {
			t.Fatalf("a code of %d bits for frequency %d, limit %d", n, freq[i], limit)
		}
		if n > 0 {
			filled += 1 << (maxBits - n)
			cost += uint32(n) * freq[i]
		}
		for j, m := range lengths {
			if freq[i] > freq[j] && m > 0 && n > m {
				t.Fatalf("%d bits for frequency %d, %d for %d", n, freq[i], m, freq[j])
			}
		}
	}
	if filled != 1<<maxBits {
		t.Fatalf("the codes fill %d of %d", filled, 1<<maxBits)
	}
	if best, depth := huffmanCost(freq); depth <= limit && cost > best {
		t.Fatalf("%d bits, Huffman needs %d", cost, best)
	}
}

// huffmanCost is how long Huffman's code writes it all, and its longest code.
func huffmanCost(freq []uint32) (cost uint32, depth int) {
	type node struct {
		weight uint32
		depth  int
	}
	var nodes []node
	for _, n := range freq {
		if n > 0 {
			nodes = append(nodes, node{n, 0})
		}
	}
	if len(nodes) == 1 {
		return nodes[0].weight, 1
	}
	for len(nodes) > 1 {
		for place := range 2 { // the two lightest come first
			for i := range nodes[place:] {
				if n := nodes[place+i]; n.weight < nodes[place].weight {
					nodes[place+i], nodes[place] = nodes[place], n
				}
			}
		}
		both := node{nodes[0].weight + nodes[1].weight, 1 + max(nodes[0].depth, nodes[1].depth)}
		cost += both.weight
		nodes = append(nodes[2:], both)
	}
	if len(nodes) == 1 {
		depth = nodes[0].depth
	}
	return cost, depth
}
