package views

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/tfrecord"
)

// Whoever writes them: every record of many goroutines is in the file when all
// have returned.
func TestTurnsLoseNothing(t *testing.T) {
	const goroutines, each = 8, 50
	dir := t.TempDir()
	lengths, data := make([]int, goroutines*each), make([][]byte, goroutines*each)
	for i := range data {
		data[i] = bytes.Repeat([]byte{byte(i)}, 1000+i)
		lengths[i] = len(data[i])
	}
	file, err := tfrecord.CreatePlaced(blob.Local(dir), "turns.tfrecord", lengths)
	if err != nil {
		t.Fatal(err)
	}
	all := turns{file: file}
	var group sync.WaitGroup
	for g := range goroutines {
		group.Go(func() {
			var memory []byte
			for i := g; i < len(data); i += goroutines {
				memory = append(memory[:0], make([]byte, tfrecord.FrameBefore)...)
				memory = append(append(memory, data[i]...), make([]byte, tfrecord.FrameAfter)...)
				var err error
				if memory, err = all.put(frame{i, memory}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if err := file.Commit(); err != nil {
		t.Fatal(err)
	}
	want, err := tfrecord.Create(filepath.Join(dir, "want.tfrecord"), tfrecord.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range data {
		if err := want.Write(d); err != nil {
			t.Fatal(err)
		}
	}
	if err := want.Commit(); err != nil {
		t.Fatal(err)
	}
	got, _ := os.ReadFile(filepath.Join(dir, "turns.tfrecord"))
	if expected, _ := os.ReadFile(filepath.Join(dir, "want.tfrecord")); !bytes.Equal(got, expected) {
		t.Fatalf("%d bytes, want the %d that a Writer writes", len(got), len(expected))
	}
}

func TestTurnsReportErrors(t *testing.T) {
	file, err := tfrecord.CreatePlaced(blob.Local(t.TempDir()), "turns.tfrecord", []int{4, 4, 4})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Discard()
	all := turns{file: file}
	all.push(frame{1, make([]byte, 3)}) // another's, of a wrong length
	if _, err := all.put(frame{0, make([]byte, 4+tfrecord.FrameBefore+tfrecord.FrameAfter)}); err == nil {
		t.Error("the error of a record that was left to the caller is lost")
	}
	if _, err := all.put(frame{2, make([]byte, 4+tfrecord.FrameBefore+tfrecord.FrameAfter)}); err != nil {
		t.Error(err)
	}
}

// Who panics while writing does not leave those waiting who come after.
func TestTurnsAfterAPanic(t *testing.T) {
	file, err := tfrecord.CreatePlaced(blob.Local(t.TempDir()), "turns.tfrecord", []int{4})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Discard()
	all := turns{file: file}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a record beyond the last does not panic")
			}
		}()
		_, _ = all.put(frame{1, nil})
	}()
	if !all.write.TryLock() {
		t.Error("the file is still held")
	}
}
