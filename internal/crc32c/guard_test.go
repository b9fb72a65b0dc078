//go:build unix

package crc32c

import (
	"bytes"
	"testing"

	"github.com/retort-ml/retort/internal/guardpage"
)

// No byte outside of what is given is touched: an access beyond would end the
// test.
func TestNothingBeyondIsTouched(t *testing.T) {
	const most = 6*third + 3*foldStep + 64
	data := noise(most)
	srcEnd, srcBegin := guardpage.Bytes(t, most)
	dstEnd, dstBegin := guardpage.Bytes(t, most)
	lengths := []int{3*third - 1, 3 * third, 3*third + 1, chunk, chunk + 1, 6 * third, most}
	for n := range 2 * foldLeast {
		lengths = append(lengths, n)
	}
	everywhere(func(machine string) {
		for _, n := range lengths {
			for _, place := range []struct{ src, dst []byte }{{srcEnd[most-n:], dstEnd[most-n:]}, {srcBegin[:n], dstBegin[:n]}} {
				copy(place.src, data)
				want := twin(7, place.src)
				if got := Update(7, place.src); got != want {
					t.Fatalf("%s, %d bytes: %#x, want %#x", machine, n, got, want)
				}
				clear(place.dst)
				if got := Copy(place.dst, place.src, 7); got != want || !bytes.Equal(place.dst, place.src) {
					t.Fatalf("%s, copy of %d bytes: %#x, want %#x", machine, n, got, want)
				}
			}
		}
	})
}
