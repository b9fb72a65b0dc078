package deflate

import "math/bits"

// builder makes Huffman codes. Its arrays hold the leaves of the tree, the rarest
// first, and behind them its inner nodes in the order in which they are made.
type builder struct {
	leaves, spare [litCodes]uint32 // frequency<<9 | symbol
	weight        [2 * litCodes]uint32
	parent        [2 * litCodes]uint16
	depth         [2 * litCodes]uint8
}

// build fills codes and lengths for the given frequencies, no code longer than
// limit bits. Two symbols at least get one, so that the code is complete: not
// every decoder takes another.
func (b *builder) build(codes []code, lengths []uint8, freq []uint32, limit int) {
	leaves := b.sorted(freq)
	count := b.lengthCounts(leaves, limit)
	clear(lengths)
	for n := limit; n > 0; n-- { // the rarest symbols get the longest codes
		for _, leaf := range leaves[:count[n]] {
			lengths[leaf&0x1ff] = uint8(n)
		}
		leaves = leaves[count[n]:]
	}
	assign(codes, lengths, &count)
}

// sorted returns the symbols that have a frequency, the rarest first.
func (b *builder) sorted(freq []uint32) []uint32 {
	n := 0
	for symbol, times := range freq {
		if times > 0 {
			b.leaves[n] = times<<9 | uint32(symbol)
			n++
		}
	}
	for symbol := 0; n < 2; symbol++ {
		if freq[symbol] == 0 {
			b.leaves[n] = uint32(symbol)
			n++
		}
	}
	// frequencies are below 64 Ki
	sortByte(b.spare[:n], b.leaves[:n], 9)
	sortByte(b.leaves[:n], b.spare[:n], 17)
	return b.leaves[:n]
}

// sortByte sorts by the eight bits from shift on, and keeps the order of equals.
func sortByte(to, from []uint32, shift int) {
	var at [256]int
	for _, v := range from {
		at[byte(v>>shift)]++
	}
	next := 0
	for i, n := range at {
		at[i], next = next, next+n
	}
	for _, v := range from {
		place := &at[byte(v>>shift)]
		to[*place] = v
		*place++
	}
}

// lengthCounts says how many codes there are of each length.
func (b *builder) lengthCounts(leaves []uint32, limit int) (count [maxBits + 2]int) {
	root := b.tree(leaves)
	count[1] = 2
	b.depth[root] = 0
	for node := root - 1; node >= len(leaves); node-- {
		b.depth[node] = b.depth[b.parent[node]] + 1
		// A code of the node's depth makes way for two that are longer; where
		// these would be too long, the longest that can does.
		at := min(int(b.depth[node]), limit-1)
		for count[at] == 0 {
			at--
		}
		count[at]--
		count[at+1] += 2
	}
	return count
}

// tree joins the two lightest nodes until one is left, the root.
func (b *builder) tree(leaves []uint32) (root int) {
	n := len(leaves)
	for i, leaf := range leaves {
		b.weight[i] = leaf >> 9
	}
	leaf, node := 0, n
	for next := n; next < 2*n-1; next++ { // leaves and nodes are in ascending order
		b.weight[next] = 0
		for range 2 {
			least := node
			if leaf < n && (node == next || b.weight[leaf] <= b.weight[node]) {
				least = leaf
				leaf++
			} else {
				node++
			}
			b.weight[next] += b.weight[least]
			b.parent[least] = uint16(next)
		}
	}
	return 2*n - 2
}

// assign gives the codes that RFC 1951, 3.2.2, derives from their lengths.
func assign(codes []code, lengths []uint8, count *[maxBits + 2]int) {
	var next [maxBits + 2]uint32
	for n := 2; n <= maxBits; n++ {
		next[n] = (next[n-1] + uint32(count[n-1])) << 1
	}
	for symbol, n := range lengths {
		codes[symbol] = 0
		if n > 0 {
			codes[symbol] = code(bits.Reverse16(uint16(next[n]))>>(16-n))<<8 | code(n)
			next[n]++
		}
	}
}
