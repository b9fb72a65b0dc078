package jpeg

// The reduced-size inverse DCTs of libjpeg's jidctred.c: 4x4, 2x2 and 1x1
// samples of a block, for scaled decoding.
const (
	f0211  = 1730
	f0509  = 4176
	f0601  = 4926
	f0720  = 5906
	f0850  = 6967
	f0899r = 7373
	f1061  = 8697
	f1272  = 10426
	f1451  = 11893
	f2172  = 17799
	f2562r = 20995
	f3624  = 29692
)

func idct4x1D(in *[8]int32, shift uint) [4]int32 {
	t0 := in[0] << (constBits + 1)
	t2 := in[2]*f1847 - in[6]*f0765
	t10, t12 := t0+t2, t0-t2
	o0 := -in[7]*f0211 + in[5]*f1451 - in[3]*f2172 + in[1]*f1061
	o2 := -in[7]*f0509 - in[5]*f0601 + in[3]*f0899r + in[1]*f2562r
	r := int32(1) << (shift - 1)
	return [4]int32{(t10 + o2 + r) >> shift, (t12 + o0 + r) >> shift, (t12 - o0 + r) >> shift, (t10 - o2 + r) >> shift}
}

func idct4(dst []byte, stride int, coef, table *[64]int16) {
	var mid [8][4]int32 // by column; column 4 is not used
	for x := range 8 {
		if x == 4 {
			continue
		}
		var in [8]int32
		for y := range 8 {
			in[y] = int32(coef[8*y+x] * table[8*y+x])
		}
		mid[x] = idct4x1D(&in, constBits-passBits+1)
	}
	for y := range 4 {
		var in [8]int32
		for x := range 8 {
			in[x] = saturate(mid[x][y])
		}
		out := idct4x1D(&in, constBits+passBits+3+1)
		row := dst[y*stride : y*stride+4]
		for x := range 4 {
			row[x] = pixel(out[x])
		}
	}
}

func idct2x1D(in *[8]int32, shift uint) [2]int32 {
	t10 := in[0] << (constBits + 2)
	t0 := -in[7]*f0720 + in[5]*f0850 - in[3]*f1272 + in[1]*f3624
	r := int32(1) << (shift - 1)
	return [2]int32{(t10 + t0 + r) >> shift, (t10 - t0 + r) >> shift}
}

func idct2(dst []byte, stride int, coef, table *[64]int16) {
	var mid [8][2]int32
	for _, x := range [...]int{0, 1, 3, 5, 7} {
		var in [8]int32
		for y := range 8 {
			in[y] = int32(coef[8*y+x] * table[8*y+x])
		}
		mid[x] = idct2x1D(&in, constBits-passBits+2)
	}
	for y := range 2 {
		var in [8]int32
		for x := range 8 {
			in[x] = saturate(mid[x][y])
		}
		out := idct2x1D(&in, constBits+passBits+3+2)
		dst[y*stride], dst[y*stride+1] = pixel(out[0]), pixel(out[1])
	}
}
