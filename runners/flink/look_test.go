package flink_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/retort-ml/retort/io/blob"
)

// same compares the files of two runs, but those that measure time.
func same(t *testing.T, want, got string) {
	t.Helper()
	a, b := files(t, want), files(t, got)
	for name, data := range a {
		if other, there := b[name]; !there || !bytes.Equal(data, other) {
			t.Errorf("%s differs in %s", name, got)
		}
	}
	for name := range b {
		if _, there := a[name]; !there {
			t.Errorf("%s is more than there should be in %s", name, got)
		}
	}
	if len(a) < 10 { // nothing was compared
		t.Errorf("only %d files", len(a))
	}
}

func files(t *testing.T, root string) map[string][]byte {
	t.Helper()
	dir, err := blob.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for info, err := range dir.List("") {
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(info.Name, "report/") || strings.HasSuffix(info.Name, "timings.json") || slices.Contains(strings.Split(info.Name, "/"), "events") {
			continue
		}
		if all[info.Name], err = dir.ReadFile(info.Name); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// workers are the processes that Flink started as workers.
func workers() (pids []int) {
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range lines {
		if data, err := os.ReadFile(path); err == nil && bytes.Contains(data, []byte("\x00--provision_endpoint=")) {
			pid, _ := strconv.Atoi(strings.Split(path, "/")[2])
			pids = append(pids, pid)
		}
	}
	return pids
}

func parentOf(pid int) int {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	if len(fields) < 2 {
		return 0
	}
	parent, _ := strconv.Atoi(fields[1])
	return parent
}

func noWorkers(t *testing.T) {
	t.Helper()
	waitFor(t, "all workers have ended", func() bool { return len(workers()) == 0 })
}
