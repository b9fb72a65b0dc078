//go:build !unix

package main

import (
	"errors"
	"os"
	"time"
)

// diskRoom is unknown on systems without statfs.
func diskRoom(dir string) (uint64, error) {
	if _, err := os.Stat(dir); err != nil {
		return 0, err
	}
	return 0, errors.New("free space is unknown on this system")
}

func peakMemory() int64 { return 0 } // unknown on systems without getrusage

func cpuTime() time.Duration { return 0 } // unknown on systems without getrusage
