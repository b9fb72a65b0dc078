// Package sysmem says how much memory and processor time a process can have:
// what the machine has, or what the control groups that hold the process leave
// of it. Containers are such groups.
package sysmem

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
)

// Total is the memory, in bytes, of the machine or of the tightest control
// group that the process runs in, whichever is less; 0 where the system does not
// tell.
func Total() uint64 { return system{os.ReadFile}.total() }

// Machine is the memory, in bytes, of the machine; 0 where the system does not
// tell.
func Machine() uint64 { return system{os.ReadFile}.meminfo("MemTotal") }

// Free is how many bytes more the process could take, 0 where the system does
// not tell.
func Free() uint64 { return system{os.ReadFile}.free() }

// CPUs is how many cores' time the control groups grant, such as 1.5; 0 where
// they set no limit.
func CPUs() float64 { return system{os.ReadFile}.cpus() }

// LimitCPUs makes the Go runtime run no more goroutines at once than the control
// groups grant cores. The runtime sees to the innermost group itself, but not to
// those around it. What the user set with GOMAXPROCS stands.
func LimitCPUs() {
	if granted := CPUs(); granted > 0 && os.Getenv("GOMAXPROCS") == "" {
		// The runtime's own rule: two at least, so that one can collect garbage.
		if n := max(2, int(math.Ceil(granted))); n < runtime.GOMAXPROCS(0) {
			runtime.GOMAXPROCS(n)
		}
	}
}

// system is the files in which the system tells about itself.
type system struct {
	read func(name string) ([]byte, error)
}

func (s system) total() uint64 {
	total := s.meminfo("MemTotal")
	for _, g := range s.groups("memory") {
		if limit := s.limit(g); limit > 0 && (total == 0 || limit < total) {
			total = limit
		}
	}
	return total
}

func (s system) free() uint64 {
	free := s.meminfo("MemAvailable")
	known := free > 0
	for _, g := range s.groups("memory") {
		limit := s.limit(g)
		if limit == 0 {
			continue
		}
		if left := limit - min(limit, s.used(g)); !known || left < free {
			free, known = left, true
		}
	}
	return free
}

func (s system) cpus() float64 {
	granted := 0.0
	for _, g := range s.groups("cpu") {
		if quota := s.quota(g); quota > 0 && (granted == 0 || quota < granted) {
			granted = quota
		}
	}
	return granted
}

// meminfo is a row of /proc/meminfo in bytes, 0 where there is none.
func (s system) meminfo(row string) uint64 {
	data, err := s.read("/proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		var kB uint64
		if n, _ := fmt.Sscanf(line, row+": %d kB", &kB); n == 1 {
			return 1024 * kB
		}
	}
	return 0
}
