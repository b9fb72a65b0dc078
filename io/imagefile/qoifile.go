package imagefile

import "encoding/binary"

func qoiHeader(data []byte, h *header) error {
	if len(data) < 14 {
		return reject(Truncated, "qoi: the data ends inside the header")
	}
	width, height := binary.BigEndian.Uint32(data[4:]), binary.BigEndian.Uint32(data[8:])
	if width > 1<<30 || height > 1<<30 {
		return reject(Corrupt, "qoi: %d x %d pixels", width, height)
	}
	h.width, h.height = int(width), int(height)
	return plausible(*h, data, int64(h.width)*int64(h.height)/62) // the longest run
}

// decodeQOI follows qoiformat.org's specification.
func decodeQOI(data []byte, h header, out *RGB) error {
	out.resize(h.width, h.height)
	var seen [64][4]uint8
	c := [4]uint8{3: 255}
	r := reader{data: data, at: 14}
	for i := 0; i < len(out.Pix); {
		run := 1
		switch op := r.u8(); {
		case op == 0xfe:
			copy(c[:3], r.take(3))
		case op == 0xff:
			copy(c[:], r.take(4))
		case op>>6 == 0:
			c = seen[op]
		case op>>6 == 1:
			c[0], c[1], c[2] = c[0]+op>>4&3-2, c[1]+op>>2&3-2, c[2]+op&3-2
		case op>>6 == 2:
			green, others := op&63-32, r.u8()
			c[0], c[1], c[2] = c[0]+green-8+others>>4, c[1]+green, c[2]+green-8+others&15
		default:
			run = int(op&63) + 1
		}
		if r.short {
			return reject(Truncated, "qoi: %d of %d pixels", i/3, len(out.Pix)/3)
		}
		seen[(c[0]*3+c[1]*5+c[2]*7+c[3]*11)&63] = c
		for ; run > 0 && i < len(out.Pix); run, i = run-1, i+3 {
			put(out.Pix[i:], over(c[0], c[3]), over(c[1], c[3]), over(c[2], c[3]))
		}
	}
	return nil
}
