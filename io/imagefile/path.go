package imagefile

import (
	"path"
	"path/filepath"
	"strings"
)

// Path names an entry as its user would: by the path of its file, from where the
// program runs or from the root as its source was given, with the name of the
// member behind it where that file is an archive: photos/mon.tar/cats/1.jpg.
func (e Entry) Path() string {
	uri, name := filepath.ToSlash(e.URI), strings.TrimPrefix(path.Clean(filepath.ToSlash(e.Name)), "/")
	for strings.HasPrefix(name, "../") {
		name = name[len("../"):]
	}
	// The end of uri that name begins with is said once: name is relative to the
	// source, and the archive may lie further down.
	for at := 0; ; {
		if rest, ok := strings.CutPrefix(name, strings.TrimPrefix(uri[at:], "/")); ok && (rest == "" || rest[0] == '/') {
			return uri + rest
		}
		next := strings.IndexByte(uri[at:], '/')
		if next < 0 {
			return uri + "/" + name
		}
		at += next + 1
	}
}
