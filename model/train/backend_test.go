package train

import "os"

// testBackend is the backend that tests run on.
func testBackend() string {
	if name := os.Getenv("RETORT_BACKEND"); name != "" {
		return name
	}
	return "auto"
}
