package pipelines_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var wanted = regexp.MustCompile(`// error: (.*)`)

// A stage on the wrong edge does not compile: every snippet says on which line
// the compiler is to complain, and in what words.
func TestWrongEdgesDoNotCompile(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command on PATH")
	}
	snippets, err := filepath.Glob(filepath.Join("testdata", "compile", "*", "p.go"))
	if err != nil || len(snippets) < 2 {
		t.Fatal(snippets, err)
	}
	args := []string{"build"}
	for _, path := range snippets {
		args = append(args, "./"+filepath.ToSlash(filepath.Dir(path)))
	}
	out, err := exec.Command("go", args...).CombinedOutput()
	if err == nil {
		t.Fatal("all snippets compile")
	}
	for _, path := range snippets {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		compare(t, filepath.ToSlash(path), string(source), string(out))
	}
}

// compare holds the compiler's complaints about one file against its comments.
func compare(t *testing.T, path, source, output string) {
	t.Helper()
	complaint := regexp.MustCompile(regexp.QuoteMeta(path) + `:(\d+):\d+: (.*)`)
	found := map[string]string{}
	for _, m := range complaint.FindAllStringSubmatch(output, -1) {
		found[m[1]] += m[2]
	}
	for i, line := range strings.Split(source, "\n") {
		number := strconv.Itoa(i + 1)
		want := wanted.FindStringSubmatch(line)
		if want == nil {
			if found[number] != "" {
				t.Errorf("%s:%s: %s", path, number, found[number])
			}
			continue
		}
		for _, part := range strings.Split(want[1], " | ") {
			if !strings.Contains(found[number], part) {
				t.Errorf("%s:%s: the compiler says %q; want %q in it", path, number, found[number], part)
			}
		}
	}
}
