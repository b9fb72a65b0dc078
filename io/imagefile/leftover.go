package imagefile

import "strings"

// leftovers are the folders and files that systems and tools leave behind: "*"
// stands for any end, and case does not matter. What lies in such a folder is
// passed over, wherever in a source it is. docs/formats.md has the same table; a
// test compares.
var leftovers = []struct {
	who   string
	names []string
}{
	{"macOS", []string{"__MACOSX", "._*", ".DS_Store", ".AppleDouble", ".Spotlight-V100", ".fseventsd", ".TemporaryItems", ".Trashes", ".DocumentRevisions-V100", ".localized", "Icon\r", "Network Trash Folder", "Temporary Items"}},
	{"Windows", []string{"$RECYCLE.BIN", "RECYCLER", "System Volume Information", "Thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini"}},
	{"Linux desktops", []string{".Trash*", ".thumbnails", "lost+found", ".directory", ".fuse_hidden*", ".nfs*"}},
	{"network disks (Synology, QNAP, …)", []string{"@eaDir", "@tmp", "#recycle", "#snapshot", "@Recycle", "@Recently-Snapshot", ".@__thumb"}},
	{"Jupyter and Python", []string{".ipynb_checkpoints", "__pycache__"}},
	{"version control", []string{".git", ".svn", ".hg", ".dvc"}},
	{"photo programs", []string{".picasaoriginals", ".picasa.ini", "Picasa.ini", ".nomedia"}},
	{"Retort itself", []string{ownMark}},
	{"anything else hidden", []string{hidden}},
}

const (
	hidden  = ".*"
	ownMark = ".retort-*" // of retort synth, for one; nobody has to be told
)

// leftoversBy are all those names by their first byte.
var leftoversBy = func() (by [256][]string) {
	for _, l := range leftovers {
		for _, name := range l.names {
			upper, lower := strings.ToUpper(name)[0], strings.ToLower(name)[0]
			if by[lower] = append(by[lower], name); upper != lower {
				by[upper] = append(by[upper], name)
			}
		}
	}
	return by
}()

// leftover says by which name of the table a path lies in, or is, what a system
// or tool left behind.
func leftover(name string) (as string, ok bool) {
	for name != "" && !ok {
		var part string
		part, name, _ = strings.Cut(name, "/")
		as, ok = leftoverPart(part)
	}
	return as, ok
}

func leftoverPart(part string) (as string, ok bool) {
	if part == "" || part == "." || part == ".." {
		return "", false
	}
	for _, name := range leftoversBy[part[0]] {
		start, any := strings.CutSuffix(name, "*")
		if any && len(part) > len(start) && strings.EqualFold(part[:len(start)], start) || strings.EqualFold(part, name) {
			return name, true
		}
	}
	return "", false
}
