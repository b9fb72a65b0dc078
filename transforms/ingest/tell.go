package ingest

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/pipelines"
)

// listingNotes are the sentences on what the sources look like and what was passed
// over, where there is something to say that their owner may not expect.
func listingNotes(l *layout, listed *imagefile.ListStats, folder bool) (notes []string) {
	notes = l.notes()
	say := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	for _, n := range []struct {
		count int64
		what  string
	}{
		{listed.Sidecars, "labels in files beside the images: %d"},
		{listed.Records, "images out of TFRecord files: %d"},
	} {
		if n.count > 0 {
			say(n.what, n.count)
		}
	}
	if listed.Again > 0 {
		say("images under a name that another in the same archive has: %d; all are read (unpacking would keep the last of each: unpack it where it was updated)", listed.Again)
	}
	if listed.ByArchive > 0 && folder {
		say("images whose class is the name of the archive that holds them: %d", listed.ByArchive)
	}
	if missing := listed.Shards.Missing(); missing != "" {
		say("sets of TFRecord files of which some are not there: %s (get the others, where their images are wanted)", missing)
	}
	if passed := listed.Passed.String(); passed != "" {
		say("passed over, not read: %s", passed)
	}
	return notes
}

var synset = regexp.MustCompile(`^n\d{8}$`)

// notes are the sentences on folders and classes.
func (l *layout) notes() (notes []string) {
	say := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	if parts := pipelines.SortedKeys(l.parts); len(parts) > 1 {
		say("layout: the parts of a data set, %s, are read as one, a class is a folder inside them (to keep one for the test, give each as a source of its own, by --images and --test)", strings.Join(parts, ", "))
	}
	var loose []string
	inside := false
	classes := map[string][]string{} // folders, without parts
	for _, f := range pipelines.SortedKeys(l.Images) {
		name := l.names[f]
		if name == "" {
			loose = append(loose, fmt.Sprintf("%s (%d)", f, l.Images[f]))
			continue
		}
		inside = inside || isWrapper(path.Base(f)) && path.Base(f) != name
		if key := classFolder(f); !slices.Contains(classes[name], key) {
			classes[name] = append(classes[name], key)
		}
	}
	if len(loose) > 0 {
		say("images without a class, in folders that are parts of a data set: %s", some(loose))
	}
	if inside {
		say("layout: the images of a class lie in a folder inside it, as in Tiny ImageNet")
	}
	names := pipelines.SortedKeys(classes)
	if len(names) > 1 && !slices.ContainsFunc(names, func(n string) bool { return !synset.MatchString(n) }) {
		say("layout: the classes are WordNet synsets, as in ImageNet")
	}
	notes = append(notes, clashes(names)...)
	notes = append(notes, nestedClasses(classes)...)
	if len(names) == 1 && len(l.Begins) > 1 {
		say("all images lie in one folder, %s%s", names[0], l.carried())
	}
	return notes
}

// clashes tells of folders of one name.
func clashes(names []string) (notes []string) {
	paths := map[string][]string{}
	for _, name := range names {
		if strings.Contains(name, "/") {
			base := path.Base(name)
			paths[base] = append(paths[base], name)
		}
	}
	for _, base := range first(pipelines.SortedKeys(paths)) {
		notes = append(notes, fmt.Sprintf("several folders are named %s: they are classes of their own, %s (if they are one class, give the folders that hold them as sources of their own)", base, some(paths[base])))
	}
	return notes
}

// nestedClasses tells of classes whose folders lie in those of others.
func nestedClasses(classes map[string][]string) (notes []string) {
	owner := map[string]string{}
	for name, folders := range classes {
		for _, f := range folders {
			owner[f] = name
		}
	}
	var found []string
	for _, f := range pipelines.SortedKeys(owner) {
		if outer, ok := owner[path.Dir(f)]; ok && outer != owner[f] {
			found = append(found, fmt.Sprintf("%s (inside %s)", f, outer))
		}
	}
	if len(found) > 0 {
		notes = append(notes, "folders inside the folder of a class are classes of their own: "+some(found))
	}
	return notes
}

func first(list []string) []string { return list[:min(5, len(list))] }

// some joins the first few of a list.
func some(list []string) string {
	text := strings.Join(first(list), ", ")
	if more := len(list) - 5; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
