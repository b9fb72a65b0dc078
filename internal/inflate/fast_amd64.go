package inflate

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// useBMI2 is a variable so that tests can hold the twins together.
var useBMI2 = cpu.X86.HasBMI2

// loop is what symbolsBMI2 works on.
type loop struct {
	hold, count uint64
	lit         *litTable
	dist        *distTable
	in, inLast  unsafe.Pointer // the next byte; the last place with sixteen bytes
	out         unsafe.Pointer // the next byte,
	outLimit    unsafe.Pointer // where room ends
	start       unsafe.Pointer // and where the stream began
	distance    int
}

//go:noescape
func symbolsBMI2(l *loop) outcome

// symbolsBMI2 is symbols. in has sixteen bytes at least, and d.to is below limit.
func (d *deflate) symbolsBMI2(in []byte, limit int) (at, distance int, _ outcome) {
	first, begin := unsafe.Pointer(&in[0]), unsafe.Pointer(&d.buf[0])
	l := loop{
		hold: d.bits, count: uint64(d.count), lit: &d.lit, dist: &d.dist,
		in: first, inLast: unsafe.Pointer(&in[len(in)-16]),
		out: unsafe.Pointer(&d.buf[d.to]), outLimit: unsafe.Pointer(&d.buf[limit]), start: unsafe.Pointer(&d.buf[d.start]),
	}
	why := symbolsBMI2(&l)
	d.bits, d.count, d.to = l.hold, uint(l.count), int(uintptr(l.out)-uintptr(begin))
	return int(uintptr(l.in) - uintptr(first)), l.distance, why
}
