//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// diskRoom is how many bytes may be written below dir, or below the nearest
// folder above it that exists.
func diskRoom(dir string) (uint64, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return 0, err
	}
	for {
		info, err := os.Stat(dir)
		if err == nil && !info.IsDir() {
			return 0, fmt.Errorf("%s is a file", dir)
		}
		if err == nil {
			break
		}
		if !os.IsNotExist(err) || dir == filepath.Dir(dir) {
			return 0, err
		}
		dir = filepath.Dir(dir)
	}
	if err := unix.Access(dir, unix.W_OK); err != nil {
		return 0, fmt.Errorf("%s cannot be written: %w", dir, err)
	}
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	if s.Blocks > 0 && s.Bavail == 0 {
		return 0, fmt.Errorf("no room is left at %s", dir)
	}
	return uint64(s.Bavail) * uint64(s.Bsize), nil
}

// peakMemory is the most memory that this process ever held, in bytes.
func peakMemory() int64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return int64(u.Maxrss)
	}
	return int64(u.Maxrss) * 1024
}

// cpuTime is the processor time that this process has used so far.
func cpuTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
