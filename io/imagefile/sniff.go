package imagefile

import (
	"io"

	store "github.com/retort-ml/retort/io/blob"
)

// sniffLen is how many leading bytes tell every format apart.
const sniffLen = 32

// sniffFile reports whether the first bytes of a file are an image's.
func sniffFile(p string) bool {
	f, err := store.OpenFile(p)
	if err != nil {
		return false
	}
	defer f.Close()
	var head [sniffLen]byte
	n, _ := io.ReadFull(f, head[:])
	return sniff(head[:n]) != ""
}
