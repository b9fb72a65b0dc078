package imagefile

import (
	"errors"
	"os"
	"strings"
	"syscall"
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

// TestNoMoreFiles: that the process has too many files open says nothing of the
// image, which must not be left out for it.
func TestNoMoreFiles(t *testing.T) {
	for _, cause := range []error{syscall.EMFILE, syscall.ENFILE} {
		err := readError(Ref{URI: "a.jpg"}, &os.PathError{Op: "open", Path: "a.jpg", Err: cause})
		var unusable *QuarantineError
		if errors.As(err, &unusable) || !errors.Is(err, cause) {
			t.Errorf("%v gives %v; want an error that is no reason to leave the image out", cause, err)
		}
	}
}
