package imagefile

import (
	"os"
	"strings"
	"testing"
)

// TestReasonsAreDocumented: the list is closed, and docs/formats.md is where
// people read it.
func TestReasonsAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range Reasons {
		if row := "| `" + string(r) + "` | " + r.Meaning() + " |"; r.Meaning() == "" || !strings.Contains(string(doc), row) {
			t.Errorf("docs/formats.md lacks %s", row)
		}
	}
}
