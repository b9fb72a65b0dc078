// Package sysmem says how much memory a process can have.
package sysmem

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Total is the memory, in bytes, of the machine or of the control group that
// the process runs in, whichever is less; 0 where the system does not tell.
func Total() uint64 {
	return total(os.ReadFile)
}

func total(read func(name string) ([]byte, error)) uint64 {
	var bytes uint64
	if data, err := read("/proc/meminfo"); err == nil {
		for line := range strings.Lines(string(data)) {
			var kB uint64
			if n, _ := fmt.Sscanf(line, "MemTotal: %d kB", &kB); n == 1 {
				bytes = 1024 * kB
			}
		}
	}
	if data, err := read("/sys/fs/cgroup/memory.max"); err == nil {
		if n, err := strconv.ParseUint(strings.TrimSpace(string(data)), 10, 64); err == nil && n > 0 && (bytes == 0 || n < bytes) {
			bytes = n
		}
	}
	return bytes
}
