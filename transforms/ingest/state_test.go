package ingest_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/retort-ml/retort/transforms/ingest"
)

// TestStateSeesEveryChange: whatever a run reads, through whatever it is named by,
// is another state once it is another.
func TestStateSeesEveryChange(t *testing.T) {
	link := func(to, from string) {
		if err := os.Symlink(to, from); err != nil {
			t.Skip(err)
		}
	}
	at := time.Unix(1e9, 0)
	for name, source := range map[string]func(dir string) string{
		"folder":          func(dir string) string { return dir },
		"link to it":      func(dir string) string { link(dir, dir+"-link"); return dir + "-link" },
		"link to a link":  func(dir string) string { link(dir, dir+"-1"); link(dir+"-1", dir+"-2"); return dir + "-2" },
		"folder of links": func(dir string) string { write(t, dir+"-x/n", nil); link(dir+"/cat", dir+"-x/cat"); return dir + "-x" },
		"folder of linked files": func(dir string) string {
			write(t, dir+"-y/n", nil)
			link(dir+"/cat/1.jpg", dir+"-y/1.jpg")
			return dir + "-y"
		},
		"list": func(dir string) string {
			write(t, dir+"-l/l.txt", []byte("../set/cat/1.jpg\n"))
			return dir + "-l/l.txt"
		},
		"list of folders": func(dir string) string {
			write(t, dir+"-f/l.csv", []byte("path;label\n"+dir+"/cat;x\n"))
			return dir + "-f/l.csv"
		},
		"linked list": func(dir string) string {
			write(t, dir+"-l/l.txt", []byte("../set/cat/1.jpg\n"))
			link(dir+"-l/l.txt", dir+"-l/m.txt")
			return dir + "-l/m.txt"
		},
		"pattern":               func(dir string) string { return dir + "/c*" },
		"archive (by its file)": func(dir string) string { link(dir+"/cat/1.jpg", dir+"-a.tar"); return dir + "-a.tar" },
		"folder that loops":     func(dir string) string { link("..", dir+"/cat/up"); return dir },
		"list in UTF-16 of a tar": func(dir string) string {
			link(dir+"/cat/1.jpg", filepath.Dir(dir)+"/a.tar")
			write(t, dir+"-l/l.txt", []byte("\xff\xfe.\x00.\x00/\x00a\x00.\x00t\x00a\x00r\x00\n\x00"))
			return dir + "-l/l.txt"
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "set")
			image := filepath.Join(dir, "cat", "1.jpg")
			write(t, image, []byte("one"))
			os.Chtimes(image, at, at)
			s := &ingest.Images{Source: []string{source(dir)}}
			state := func() string {
				t.Helper()
				text, err := s.State(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				return text
			}
			first := state()
			if state() != first {
				t.Fatal("nothing changed, but the state did")
			}
			write(t, image, []byte("longer"))
			os.Chtimes(image, at, at)
			second := state()
			if second == first {
				t.Fatal("another size is not seen")
			}
			os.Chtimes(image, at, at.Add(time.Second))
			third := state()
			if third == second {
				t.Fatal("another time is not seen")
			}
			if changeTimes(t) {
				time.Sleep(20 * time.Millisecond) // beyond the clock of the file system
				write(t, image, []byte("LONGER"))
				os.Chtimes(image, at, at.Add(time.Second))
				if state() == third {
					t.Fatal("other bytes of the same size and time are not seen")
				}
			}
			if os.Remove(image); name == "archive (by its file)" {
				return
			}
			if gone := state(); gone == third || gone == first {
				t.Fatal("a file that is gone is not seen")
			}
		})
	}
}

// changeTimes reports whether this system tells when a file was really changed.
func changeTimes(t *testing.T) bool {
	dir := t.TempDir()
	s := &ingest.Images{Source: []string{dir}}
	at := time.Unix(1e9, 0)
	path := filepath.Join(dir, "x")
	var last string
	for i := range 2 {
		write(t, path, []byte("x"))
		os.Chtimes(path, at, at)
		now, err := s.State(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			return now != last
		}
		last = now
		time.Sleep(20 * time.Millisecond)
	}
	return false
}

// TestStateOfLabels: labels count by their bytes, not by their time.
func TestStateOfLabels(t *testing.T) {
	dir := tree(t, "a.jpg")
	file := filepath.Join(t.TempDir(), "labels.csv")
	s := &ingest.Images{Source: []string{dir}, Labels: file}
	if _, err := s.State(t.Context()); err == nil {
		t.Error("no labels: no error")
	}
	states := map[string]string{}
	for _, text := range []string{"a.jpg,cat\n", "a.jpg,dog\n", "a.jpg,cat\n"} {
		write(t, file, []byte(text))
		state, err := s.State(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if old, ok := states[text]; ok && old != state {
			t.Error("the same labels are another state")
		}
		states[text] = state
	}
	if len(states) != 2 || states["a.jpg,cat\n"] == states["a.jpg,dog\n"] {
		t.Error("other labels are the same state")
	}
}
