package kernels

import "golang.org/x/sys/cpu"

var avx512 = isa{
	CPU: CPU{ISA: "avx512", Lanes: 16}, rows: 12,
	tiles: []tile{
		{cols: 16, gather: gatherAVX51212x1, outer: outerAVX51212x1, many: manyAVX51212x1, whole: outerAVX51216x1, wholeRows: 16},
		{cols: 32, gather: gatherAVX51212x2, outer: outerAVX51212x2, many: manyAVX51212x2, whole: outerAVX5128x2, wholeRows: 8},
	},
	peak: peakAVX512, flops: 12 * 16 * 2, strips: &stripsAVX512, winoGradLeast: 16,
}

var avx2 = isa{
	CPU: CPU{ISA: "avx2", Lanes: 8}, rows: 6,
	tiles: []tile{{cols: 16, gather: gatherAVX26x2, outer: outerAVX26x2, many: manyAVX26x2, whole: outerAVX24x2, wholeRows: 4}},
	peak:  peakAVX2, flops: 12 * 8 * 2, strips: &stripsAVX2, winoGradLeast: 16,
}

// supported lists the sets that this machine can run, best first.
func supported() []*isa {
	var all []*isa
	x := &cpu.X86
	if x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512BW && x.HasAVX512VL && x.HasAVX2 && x.HasFMA {
		all = append(all, &avx512)
	}
	if x.HasAVX2 && x.HasFMA {
		all = append(all, &avx2)
	}
	return append(all, &portable)
}
