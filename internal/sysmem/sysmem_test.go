package sysmem

import (
	"io/fs"
	"os"
	"runtime"
	"testing"
)

// files are a system's files by name; one that is empty is not there.
type files map[string]string

func (f files) read(name string) ([]byte, error) {
	if f[name] == "" {
		return nil, fs.ErrNotExist
	}
	return []byte(f[name]), nil
}

// twoMiB is a machine of 2 MiB of which 1.5 are free.
const twoMiB = "MemTotal:       2048 kB\nMemFree: 1 kB\nMemAvailable:   1536 kB\n"

// group has the files of a control group, below a machine's own.
func group(own, mounts string, more files) files {
	f := files{"/proc/meminfo": twoMiB, "/proc/self/cgroup": own, "/proc/self/mountinfo": mounts}
	for name, text := range more {
		f[name] = text
	}
	return f
}

const (
	mountV2     = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
	mountV1     = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
	mountHybrid = mountV1 + "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
	mountDocker = "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n" +
		"36 31 0:33 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n"
	mountSpace = "35 31 0:32 / /odd\\040place rw - cgroup2 none rw\n"
)

func TestMemory(t *testing.T) {
	const v2, v1 = "/sys/fs/cgroup/", "/sys/fs/cgroup/memory/"
	for _, c := range []struct {
		name        string
		files       files
		total, free uint64
	}{
		{"machine", files{"/proc/meminfo": twoMiB}, 2 << 20, 3 << 19},
		{"unknown", files{}, 0, 0},
		{"rubbish", files{"/proc/meminfo": "MemTotal: many\n", v2 + "memory.max": "few"}, 0, 0},
		{"no limit", group("0::/\n", mountV2, files{v2 + "memory.max": "max\n"}), 2 << 20, 3 << 19},
		{"container of version 2", group("0::/\n", mountV2, files{v2 + "memory.max": "1048576\n"}), 1 << 20, 1 << 20},
		{"container without a word of it", files{"/proc/meminfo": twoMiB, v2 + "memory.max": "1048576\n"}, 1 << 20, 1 << 20},
		{"wider than the machine", group("0::/\n", mountV2, files{v2 + "memory.max": "9000000\n"}), 2 << 20, 3 << 19},
		{"nested: the inner is tighter", group("0::/a.slice/b.scope\n", mountV2, files{v2 + "a.slice/memory.max": "1048576\n", v2 + "a.slice/b.scope/memory.max": "524288\n"}), 1 << 19, 1 << 19},
		{"nested: the outer is tighter", group("0::/a.slice/b.scope\n", mountV2, files{v2 + "a.slice/memory.max": "524288\n", v2 + "a.slice/b.scope/memory.max": "1048576\n"}), 1 << 19, 1 << 19},
		{"nested: the inner sets none", group("0::/a.slice/b.scope\n", mountV2, files{v2 + "a.slice/memory.max": "524288\n", v2 + "a.slice/b.scope/memory.max": "max\n"}), 1 << 19, 1 << 19},
		{"a neighbour's limit", group("0::/a.slice\n", mountV2, files{v2 + "b.slice/memory.max": "524288\n"}), 2 << 20, 3 << 19},
		{"high is lower than max", group("0::/a\n", mountV2, files{v2 + "a/memory.max": "1048576\n", v2 + "a/memory.high": "524288\n"}), 1 << 19, 1 << 19},
		{"high alone", group("0::/a\n", mountV2, files{v2 + "a/memory.max": "max\n", v2 + "a/memory.high": "524288\n"}), 1 << 19, 1 << 19},
		{"in use, some of it files", group("0::/a\n", mountV2, files{v2 + "a/memory.max": "1048576\n", v2 + "a/memory.current": "800000\n",
			v2 + "a/memory.stat": "anon 600000\ninactive_file 200000\n"}), 1 << 20, 1<<20 - 600000},
		{"more in use than allowed", group("0::/a\n", mountV2, files{v2 + "a/memory.high": "524288\n", v2 + "a/memory.current": "800000\n"}), 1 << 19, 0},
		{"the inner is full, the outer is not", group("0::/a/b\n", mountV2, files{v2 + "a/memory.max": "1048576\n", v2 + "a/b/memory.max": "524288\n", v2 + "a/b/memory.current": "524288\n"}), 1 << 19, 0},
		{"version 1", group("4:memory:/a/b\n0::/\n", mountV1, files{v1 + "a/memory.limit_in_bytes": "1048576\n", v1 + "a/b/memory.limit_in_bytes": "9223372036854771712\n",
			v1 + "a/memory.usage_in_bytes": "300000\n", v1 + "a/memory.stat": "cache 5\ntotal_inactive_file 100000\n"}), 1 << 20, 1<<20 - 200000},
		{"version 1 beside version 2", group("4:memory:/a\n0::/b\n", mountHybrid, files{v1 + "a/memory.limit_in_bytes": "1048576\n"}), 1 << 20, 1 << 20},
		{"version 1, seen from inside a container", group("4:memory:/docker/abc/in\n", mountDocker, files{v1 + "memory.limit_in_bytes": "1048576\n"}), 1 << 20, 1 << 20},
		{"outside of the namespace", group("0::/../other\n", mountV2, files{v2 + "memory.max": "1048576\n"}), 1 << 20, 1 << 20},
		{"mounted elsewhere", group("0::/a\n", mountSpace, files{"/odd place/a/memory.max": "1048576\n"}), 1 << 20, 1 << 20},
		{"broken files of the system", group("x\n0:\n:::\n", "a b - c\n - \n", files{}), 2 << 20, 3 << 19},
	} {
		s := system{c.files.read}
		if total, free := s.total(), s.free(); total != c.total || free != c.free {
			t.Errorf("%s: total %d, free %d; want %d and %d", c.name, total, free, c.total, c.free)
		}
	}
}

func TestCPUs(t *testing.T) {
	for _, c := range []struct {
		name  string
		files files
		want  float64
	}{
		{"no group", files{}, 0},
		{"no limit", group("0::/\n", mountV2, files{"/sys/fs/cgroup/cpu.max": "max 100000\n"}), 0},
		{"one and a half", group("0::/\n", mountV2, files{"/sys/fs/cgroup/cpu.max": "150000 100000\n"}), 1.5},
		{"nested: the outer is tighter", group("0::/a/b\n", mountV2, files{"/sys/fs/cgroup/a/cpu.max": "50000 100000\n", "/sys/fs/cgroup/a/b/cpu.max": "400000 100000\n"}), 0.5},
		{"version 1", group("5:cpu,cpuacct:/docker/abc\n", mountDocker, files{"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "300000\n", "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n"}), 3},
		{"version 1 without a limit", group("5:cpu:/\n", mountV1, files{"/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}), 0},
		{"rubbish", group("0::/\n", mountV2, files{"/sys/fs/cgroup/cpu.max": "lots"}), 0},
	} {
		if got := (system{c.files.read}).cpus(); got != c.want {
			t.Errorf("%s: %v; want %v", c.name, got, c.want)
		}
	}
}

func TestThisMachine(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells")
	}
	if _, err := os.Stat("/proc/meminfo"); err != nil {
		t.Skip("no /proc here")
	}
	if total, machine, free := Total(), Machine(), Free(); total == 0 || total > machine || free > total {
		t.Errorf("total %d, of the machine %d, free %d", total, machine, free)
	}
}
