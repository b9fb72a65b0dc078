package tfrecord

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestVerifyManyFiles(t *testing.T) {
	dir := t.TempDir()
	recs := someRecords(300)
	file := encode(t, Options{}, recs)
	bad := bytes.Clone(file)
	bad[len(bad)/2] ^= 1
	var paths []string
	total := 0
	for i, data := range [][]byte{file, bad, nil, file, file[:len(file)-1]} {
		paths = append(paths, filepath.Join(dir, string(rune('a'+i))+".tfrecord"))
		total += len(data)
		if err := os.WriteFile(paths[i], data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var last Progress
	report, err := Verify(t.Context(), paths, func(p Progress) {
		if p.Bytes < last.Bytes || p.Done < last.Done {
			t.Errorf("%+v after %+v", p, last)
		}
		last = p
	})
	if err != nil {
		t.Fatal(err)
	}
	damage := report.Damage()
	if report.Records() != 4*300-2 || len(damage) != 2 || damage[0].Path != paths[1] || damage[1].Path != paths[4] {
		t.Errorf("%d records, %v", report.Records(), damage)
	}
	want := Progress{Files: 5, Done: 5, Bytes: int64(total), TotalBytes: int64(total), Records: 4*300 - 2, Damaged: 2}
	if last != want {
		t.Errorf("last %+v, want %+v", last, want)
	}
	paths = append([]string{filepath.Join(dir, "gone")}, paths...)
	report, err = Verify(t.Context(), paths, nil)
	if !errors.Is(err, fs.ErrNotExist) || len(report.Files) != 5 {
		t.Errorf("%v; %d files looked into", err, len(report.Files))
	}
}

// junk is no record anywhere, without end.
type junk struct{ left int }

func (j *junk) Read(p []byte) (int, error) {
	if j.left--; j.left < 0 {
		panic("read on after it was cancelled")
	}
	return copy(p, strings.Repeat("junk", 64<<10)), nil
}

func TestVerifyStopsInsideDamage(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := VerifyReader(ctx, &junk{1000}, Options{Compression: None}, func(Progress) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
