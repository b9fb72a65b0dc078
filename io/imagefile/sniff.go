package imagefile

import (
	"io"
	"os"
	"path"
	"strings"
)

// sniffLen is how many leading bytes tell every format apart.
const sniffLen = 32

// sniffFile reports whether the first bytes of a file are an image's.
func sniffFile(p string) bool {
	f, err := os.Open(p)
	if err != nil {
		return false
	}
	defer f.Close()
	var head [sniffLen]byte
	n, _ := io.ReadFull(f, head[:])
	return sniff(head[:n]) != ""
}

// junk is what file managers leave behind under an image's name.
func junk(name string) bool {
	base := path.Base(name)
	return strings.HasPrefix(base, "._") || base == ".DS_Store" || base == "Thumbs.db" ||
		base == "__MACOSX" || strings.HasPrefix(name, "__MACOSX/")
}
