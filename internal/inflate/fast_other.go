//go:build !amd64

package inflate

var useBMI2 = false

func (d *deflate) symbolsBMI2(in []byte, limit int) (at, distance int, _ outcome) {
	return d.symbols(in, limit)
}
