package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestDecisionsHaveNumbersOfTheirOwn: the file's and the title's are the same, no two decisions
// share one, and none is left out.
func TestDecisionsHaveNumbersOfTheirOwn(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join("adr", "*.md"))
	if err != nil || len(pages) == 0 {
		t.Fatal(pages, err)
	}
	name, title := regexp.MustCompile(`^(\d{4})-[a-z0-9-]+\.md$`), regexp.MustCompile(`^# (\d+)\. \S`)
	for i, path := range pages { // sorted
		page, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		file, head := name.FindStringSubmatch(filepath.Base(path)), title.FindSubmatch(page)
		if file == nil || head == nil {
			t.Errorf("%s: want the file NNNN-words.md and the title # N. Words", path)
			continue
		}
		if strings.TrimLeft(file[1], "0") != string(head[1]) {
			t.Errorf("%s: its title says %s", path, head[1])
		}
		if number := strings.TrimLeft(file[1], "0"); number != strconv.Itoa(i+1) {
			t.Errorf("%s: want number %d", path, i+1)
		}
	}
}

// TestReferencesToDecisionsHold: what code and pages say is decided in docs/adr is there.
func TestReferencesToDecisionsHold(t *testing.T) {
	reference, found := regexp.MustCompile(`\badr/(\d{4}[a-z0-9-]*)`), 0
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" && filepath.Ext(path) != ".md" {
			return err
		}
		text, err := os.ReadFile(path)
		for _, match := range reference.FindAllSubmatch(text, -1) {
			found++
			if pages, _ := filepath.Glob(filepath.Join("adr", string(match[1])+"*.md")); len(pages) != 1 {
				t.Errorf("%s: there is no docs/adr/%s", path, match[1])
			}
		}
		return err
	})
	if err != nil || found < 2 {
		t.Errorf("%d references found, %v; the test misses them", found, err)
	}
}
