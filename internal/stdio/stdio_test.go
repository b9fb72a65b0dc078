package stdio

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func file(t *testing.T, flag int) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out")
	if err := os.WriteFile(path, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, flag, 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestWhatIsWrittenArrives(t *testing.T) {
	f := file(t, os.O_WRONLY|os.O_TRUNC)
	s := New(f, "out")
	fmt.Fprint(s, "a word")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(f.Name()); string(got) != "a word" {
		t.Errorf("got %q", got)
	}
}

// TestALostWriteIsRemembered: callers that do not look at errors, such as
// fmt.Fprintln's, are the rule.
func TestALostWriteIsRemembered(t *testing.T) {
	s := New(file(t, os.O_RDONLY), "standard output")
	if err := s.Lost(); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(s, "lost")
	for _, err := range []error{s.Lost(), s.Close()} {
		if err == nil || !strings.HasPrefix(err.Error(), "standard output cannot be written: ") {
			t.Errorf("got %v", err)
		}
	}
}

func TestAFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full here")
	}
	s := New(full, "standard output")
	fmt.Fprintln(s, "lost")
	if err := s.Close(); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("got %v", err)
	}
}
