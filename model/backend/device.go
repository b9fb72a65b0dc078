package backend

import "path/filepath"

// hasCUDADevice looks for the driver's device files.
func hasCUDADevice() bool {
	found, err := filepath.Glob("/dev/nvidia[0-9]*")
	return err == nil && len(found) > 0
}
