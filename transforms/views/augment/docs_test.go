package augment

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The tables of docs/augmentation.md are the table of operations.
func TestDocsShowTheTableOfOperations(t *testing.T) {
	const begin, end = "<!-- derived from the table of operations: make generate -->\n", "<!-- end -->"
	path := filepath.Join("..", "..", "..", "docs", "augmentation.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(page), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s lacks %q … %q", path, begin, end)
	}
	want := before + begin + operationTables() + end + after
	if string(page) == want {
		return
	}
	if !*update {
		t.Fatalf("%s shows another table of operations than there is (make generate)", path)
	}
	if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func operationTables() string {
	var b strings.Builder
	b.WriteString("\n| operation | what it does | as | in a recipe |\n|-|-|-|-|\n")
	for _, op := range Operations() {
		where := "the first 48 bytes"
		if op.Tag > 0 {
			where = fmt.Sprintf("operation %d", op.Tag)
		}
		var numbers []string
		for _, n := range op.Numbers {
			text := n.Name
			if n.From != n.To {
				text += " " + n.legal()
			}
			if n.Doc != "" {
				text += " (" + n.Doc + ")"
			}
			numbers = append(numbers, text)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s: %s |\n", op.Name, op.Doc, op.Like, where, strings.Join(numbers, "; "))
	}
	b.WriteString("\n| operation | setting | range | once on | meaning |\n|-|-|-|-|-|\n")
	for _, op := range Operations() {
		for _, s := range op.Settings {
			if s.Range == "" {
				s.Range = "a word"
			}
			if op.Tag > 0 {
				s.Key = "views." + s.Key
				if s.Default == "" {
					s.Default = "0"
				}
			}
			fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %s |\n", op.Name, s.Key, s.Range, s.Default, s.Doc)
		}
	}
	return b.String() + "\n"
}
