package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	filePath = regexp.MustCompile(`^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.*-]+)*\.(go|s|md|svg|sh|jsonl|txtar)$|^[a-z0-9]+(/[a-z0-9_]+)+$`)
	testName = regexp.MustCompile(`^(?:Test|Fuzz|Example)\w+$`)
)

// TestChangingNamesWhatExists looks up every file, folder and test that stands between backquotes in
// docs/changing.md. NAME stands for what a reader adds.
func TestChangingNamesWhatExists(t *testing.T) {
	page, err := os.ReadFile("changing.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := testsOfTheModule(t)
	files, named := 0, 0
	for _, match := range quoted.FindAllStringSubmatch(string(page), -1) {
		name := match[1]
		switch {
		case strings.Contains(name, "NAME"):
		case testName.MatchString(name):
			if named++; !tests[name] {
				t.Errorf("no test is called %s", name)
			}
		case filePath.MatchString(name) && strings.Contains(name, "/"):
			files++
			if found, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(name))); err != nil || len(found) == 0 {
				t.Errorf("%s does not exist (%v)", name, err)
			}
		}
	}
	if files < 10 || named < 3 {
		t.Errorf("only %d files and %d tests are named; the test misses them", files, named)
	}
}

// testsOfTheModule are the names of all tests.
func testsOfTheModule(t *testing.T) map[string]bool {
	known := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Example)\w+)\(`)
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, match := range declared.FindAllStringSubmatch(string(text), -1) {
			known[match[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return known
}
