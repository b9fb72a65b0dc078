package sysmem

import (
	"path"
	"strconv"
	"strings"
)

// limit is how many bytes a group may hold, 0 where it has no limit of its own.
// Above memory.high a process is slowed until it hardly moves, so that is a limit
// as memory.max is.
func (s system) limit(g cgroup) uint64 {
	if g.v1 {
		return s.number(g, "memory.limit_in_bytes")
	}
	most, high := s.number(g, "memory.max"), s.number(g, "memory.high")
	if most == 0 || high > 0 && high < most {
		return high
	}
	return most
}

// used is what a group holds, but for files' contents that the system lets go of
// when memory is wanted.
func (s system) used(g cgroup) uint64 {
	held, row := "memory.current", "inactive_file"
	if g.v1 {
		held, row = "memory.usage_in_bytes", "total_inactive_file"
	}
	used := s.number(g, held)
	data, err := s.read(path.Join(g.dir, "memory.stat"))
	if err != nil {
		return used
	}
	for line := range strings.Lines(string(data)) {
		if name, value, _ := strings.Cut(strings.TrimSpace(line), " "); name == row {
			n, _ := strconv.ParseUint(value, 10, 64)
			used -= min(used, n)
		}
	}
	return used
}

// quota is how many cores' time a group is granted, 0 where it has no limit of
// its own.
func (s system) quota(g cgroup) float64 {
	if g.v1 {
		return share(s.number(g, "cpu.cfs_quota_us"), s.number(g, "cpu.cfs_period_us"))
	}
	data, err := s.read(path.Join(g.dir, "cpu.max"))
	if err != nil {
		return 0
	}
	quota, period, _ := strings.Cut(strings.TrimSpace(string(data)), " ")
	return share(parse(quota), parse(period))
}

func share(quota, period uint64) float64 {
	if period == 0 {
		return 0
	}
	return float64(quota) / float64(period)
}

// number is the number in a group's file; 0 where there is none, as for "max"
// and -1.
func (s system) number(g cgroup, file string) uint64 {
	data, err := s.read(path.Join(g.dir, file))
	if err != nil {
		return 0
	}
	return parse(string(data))
}

func parse(text string) uint64 {
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
