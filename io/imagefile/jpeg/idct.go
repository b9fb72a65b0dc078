package jpeg

// The inverse DCT of Loeffler, Ligtenberg and Moschytz in 13-bit fixed point,
// as in libjpeg's jidctint.c, with the 16-bit steps of its SIMD kernels: the
// dequantised coefficient, the sums z3 and z4 wrap, the intermediate saturates.
// Images that an encoder made reach neither.
const (
	f0298 = 2446
	f0390 = 3196
	f0541 = 4433
	f0765 = 6270
	f0899 = 7373
	f1175 = 9633
	f1501 = 12299
	f1847 = 15137
	f1961 = 16069
	f2053 = 16819
	f2562 = 20995
	f3072 = 25172

	constBits = 13
	passBits  = 2
)

// idct1D transforms eight values; the results want rounding by shift.
func idct1D(in *[8]int32, shift uint) [8]int32 {
	even := (in[2]+in[6])*f0541 - in[6]*f1847
	tmp3 := (in[2]+in[6])*f0541 + in[2]*f0765
	tmp0, tmp1 := (in[0]+in[4])<<constBits, (in[0]-in[4])<<constBits
	t10, t13, t11, t12 := tmp0+tmp3, tmp0-tmp3, tmp1+even, tmp1-even

	z3, z4 := int32(int16(in[7]+in[3])), int32(int16(in[5]+in[1]))
	w3 := z3*(f1175-f1961) + z4*f1175
	w4 := z3*f1175 + z4*(f1175-f0390)
	o0 := in[7]*(f0298-f0899) - in[1]*f0899 + w3
	o1 := in[5]*(f2053-f2562) - in[3]*f2562 + w4
	o2 := in[3]*(f3072-f2562) - in[5]*f2562 + w3
	o3 := in[1]*(f1501-f0899) - in[7]*f0899 + w4

	r := int32(1) << (shift - 1)
	return [8]int32{
		(t10 + o3 + r) >> shift, (t11 + o2 + r) >> shift, (t12 + o1 + r) >> shift, (t13 + o0 + r) >> shift,
		(t13 - o0 + r) >> shift, (t12 - o1 + r) >> shift, (t11 - o2 + r) >> shift, (t10 - o3 + r) >> shift,
	}
}

func saturate(v int32) int32 { return max(-32768, min(32767, v)) }

// pixel adds the level shift and clips to a byte.
func pixel(v int32) byte { return byte(max(0, min(255, v+128))) }

// idctGeneric transforms one block to 8x8 samples.
func idctGeneric(dst []byte, stride int, coef, table *[64]int16) {
	var mid [8][8]int32 // by column
	for x := range 8 {
		var in [8]int32
		for y := range 8 {
			in[y] = int32(coef[8*y+x] * table[8*y+x])
		}
		mid[x] = idct1D(&in, constBits-passBits)
	}
	for y := range 8 {
		var in [8]int32
		for x := range 8 {
			in[x] = saturate(mid[x][y])
		}
		out := idct1D(&in, constBits+passBits+3)
		row := dst[y*stride : y*stride+8]
		for x := range 8 {
			row[x] = pixel(out[x])
		}
	}
}

func idctPairGeneric(p *pending, size int) {
	for i := range 2 {
		switch size {
		case 8:
			idctGeneric(p.dst[i], p.stride[i], &p.coefs[i], p.table[i])
		case 4:
			idct4(p.dst[i], p.stride[i], &p.coefs[i], p.table[i])
		case 2:
			idct2(p.dst[i], p.stride[i], &p.coefs[i], p.table[i])
		}
		p.coefs[i] = [64]int16{}
	}
}

// fillDC is every inverse DCT of a block that has only its first coefficient.
func fillDC(dst []byte, stride, size int, dc int16) {
	v := sampleDC(dc)
	if size == 8 {
		w := uint64(v) * 0x0101010101010101
		for y := range 8 {
			row := dst[y*stride : y*stride+8]
			row[0], row[1], row[2], row[3] = byte(w), byte(w>>8), byte(w>>16), byte(w>>24)
			row[4], row[5], row[6], row[7] = byte(w>>32), byte(w>>40), byte(w>>48), byte(w>>56)
		}
		return
	}
	for y := range size {
		row := dst[y*stride : y*stride+size]
		for x := range row {
			row[x] = v
		}
	}
}

// sampleDC is the sample of a block that has only its first coefficient.
func sampleDC(dc int16) byte {
	return pixel((saturate(int32(dc)<<passBits) + 1<<(passBits+2)) >> (passBits + 3))
}
