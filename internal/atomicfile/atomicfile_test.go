package atomicfile

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWriteIsWholeOrAbsent(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := WriteFile(path, []byte("one")); err != nil {
		t.Fatal(err)
	}
	failed := errors.New("disk full")
	err := Write(path, func(w io.Writer) error {
		io.WriteString(w, "half of tw")
		return failed
	})
	if err != failed {
		t.Fatalf("got %v, want %v", err, failed)
	}
	if got, _ := os.ReadFile(path); string(got) != "one" {
		t.Fatalf("a failed write left %q", got)
	}
	left, _ := filepath.Glob(filepath.Join(dir, TempPattern))
	if len(left) > 0 {
		t.Fatalf("temporary files left behind: %v", left)
	}
}

func TestCreateInMissingFolder(t *testing.T) {
	if _, err := Create(filepath.Join(t.TempDir(), "no", "such")); err == nil {
		t.Fatal("want an error")
	}
}

// A file takes the place of a file only: who may write to /dev could lose /dev/null.
func TestDevicesAreNotReplaced(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "socket")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Skip("no sockets in the file system here: ", err)
	}
	defer l.Close()
	output := filepath.Join(dir, "stdout")
	if err := os.Symlink("/proc/self/fd/1", output); err != nil {
		t.Fatal(err)
	}
	paths := []string{socket}
	if _, err := os.Stat(output); err == nil {
		paths = append(paths, output)
	}
	for _, path := range paths {
		before, _ := os.Lstat(path)
		if err := WriteFile(path, []byte("x")); err == nil || !strings.Contains(err.Error(), "a device or a pipe") {
			t.Errorf("%s: got %v, want an error that says what is there", path, err)
		}
		if after, err := os.Lstat(path); err != nil || !os.SameFile(before, after) {
			t.Errorf("%s: replaced", path)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, TempPattern)); len(left) > 0 {
		t.Errorf("temporary files left behind: %v", left)
	}
}
