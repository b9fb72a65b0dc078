package ingest

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// partWords are what folders of the parts of a data set are called, alone or as
// one word of several (seg_train, training_set), with a year or number or without
// (train2017, test1): they lie above the classes.
var partWords = []string{"train", "training", "val", "valid", "validation", "test", "testing", "trainval", "eval", "evaluation", "dev", "holdout", "unlabeled", "unlabelled"}

// wrappers are folders between a class and its images, or above all classes.
var wrappers = []string{"images", "image", "imgs", "img", "jpegimages"}

var words = regexp.MustCompile(`[-_. ]+`)

func isPart(folder string) bool {
	return slices.ContainsFunc(words.Split(strings.ToLower(folder), -1), func(word string) bool {
		return slices.Contains(partWords, strings.TrimRight(word, "0123456789"))
	})
}

func isWrapper(folder string) bool { return slices.Contains(wrappers, strings.ToLower(folder)) }

// classFolder is a folder's path without the parts of a data set above it: train/cat
// and val/cat are the same class.
func classFolder(folder string) string {
	dir, base := path.Split(folder)
	if dir == "" {
		return folder
	}
	kept := make([]string, 0, 8)
	for part := range strings.SplitSeq(strings.TrimSuffix(dir, "/"), "/") {
		if !isPart(part) {
			kept = append(kept, part)
		}
	}
	return strings.Join(append(kept, base), "/")
}

// partOf is the part of a data set in which a folder lies, "" for none.
func partOf(folder string) string {
	for part := range strings.SplitSeq(path.Dir(folder), "/") {
		if isPart(part) {
			return part
		}
	}
	return ""
}

// bare reports whether a folder is a part of a data set itself, without a class:
// train, test/images, set/images/val.
func bare(folder string) bool {
	for {
		base := path.Base(folder)
		if isPart(base) {
			return true
		}
		if folder = path.Dir(folder); !isWrapper(base) || folder == "." {
			return false
		}
	}
}

// classNames names the classes of folders. A class is called as its folder is;
// folders of one name that lie in different ones keep their path, beginning where
// the paths of all classes differ. Folders of one name such as images, inside
// others, are part of the others. A folder without a class has the name "".
func classNames(folders []string) map[string]string {
	split := slices.ContainsFunc(folders, func(f string) bool { return !bare(f) && partOf(f) != "" })
	keys := map[string]string{} // of a folder, without what is above and below classes
	wrapped := map[string]map[string]bool{}
	for _, f := range folders {
		if key := classFolder(f); bare(f) && split {
			keys[f] = ""
		} else {
			keys[f] = key
			if base := path.Base(key); isWrapper(base) && strings.Contains(key, "/") {
				add(wrapped, base, key)
			}
		}
	}
	for f, key := range keys {
		if len(wrapped[path.Base(key)]) > 1 && strings.Contains(key, "/") {
			keys[f] = path.Dir(key)
		}
	}
	return shortest(keys)
}

// shortest names folders by the end of their keys: the last part, or where that
// is another's too the whole behind what all keys begin with.
func shortest(keys map[string]string) map[string]string {
	same, common, first := map[string]map[string]bool{}, "", true
	for _, key := range keys {
		if key == "" {
			continue
		}
		add(same, path.Base(key), key)
		if dir := path.Dir(key) + "/"; first {
			common, first = dir, false
		} else {
			for !strings.HasPrefix(dir, common) {
				common = common[:strings.LastIndexByte(strings.TrimSuffix(common, "/"), '/')+1]
			}
		}
	}
	names := map[string]string{}
	for f, key := range keys {
		switch base := path.Base(key); {
		case key == "":
			names[f] = ""
		case len(same[base]) > 1:
			names[f] = strings.TrimPrefix(key, common)
		default:
			names[f] = base
		}
	}
	return names
}

func add(sets map[string]map[string]bool, name, member string) {
	if sets[name] == nil {
		sets[name] = map[string]bool{}
	}
	sets[name][member] = true
}
