package sysmem

import (
	"io/fs"
	"testing"
)

func TestTotal(t *testing.T) {
	for _, c := range []struct {
		name, meminfo, group string
		want                 uint64
	}{
		{"machine", "MemTotal:       2048 kB\nMemFree: 1 kB\n", "", 2 << 20},
		{"no limit of the group", "MemTotal:       2048 kB\n", "max\n", 2 << 20},
		{"group", "MemTotal:       2048 kB\n", "1048576\n", 1 << 20},
		{"group wider than the machine", "MemTotal:       2048 kB\n", "9000000\n", 2 << 20},
		{"unknown", "", "", 0},
		{"rubbish", "MemTotal: many\n", "few", 0},
	} {
		files := map[string]string{"/proc/meminfo": c.meminfo, "/sys/fs/cgroup/memory.max": c.group}
		got := total(func(name string) ([]byte, error) {
			if files[name] == "" {
				return nil, fs.ErrNotExist
			}
			return []byte(files[name]), nil
		})
		if got != c.want {
			t.Errorf("%s: %d; want %d", c.name, got, c.want)
		}
	}
}
