// Package nobody lets a program run as a user that the machine does not know, as in
// containers without /etc/passwd or with a user id of the cluster's choice: Beam's Go
// SDK (runtime/xlangx/expansionx, 2.77) asks for the user's home in a package variable
// and dereferences nil where there is none, before main, in all programs that import
// it. This package says who and where the user is, where the environment does not.
//
// It comes first because Go initialises packages that wait for nothing in the order of
// their import paths, and Beam's waits for some of google.golang.org; therefore it may
// import none but the standard library's. Programs with cgo ask the system's library
// instead, and are not helped: build them with -tags osusergo.
package nobody

import (
	"os"
	"strconv"
	"strings"
)

// nowhere is where users without a home live, as on Debian: nothing that others could
// write is taken for the user's settings.
const nowhere = "/nonexistent"

// It does not ask os/user whether the user is known, which remembers a failure for
// Beam to get.
func init() {
	id := strconv.Itoa(os.Getuid())
	if users, err := os.ReadFile("/etc/passwd"); err == nil && known(string(users), id) {
		return
	}
	for name, value := range map[string]string{"USER": id, "HOME": nowhere} {
		if os.Getenv(name) == "" {
			_ = os.Setenv(name, value)
		}
	}
}

// known reports whether a file like /etc/passwd has a user of this id.
func known(users, id string) bool {
	for line := range strings.Lines(users) {
		if fields := strings.Split(line, ":"); len(fields) > 5 && fields[2] == id {
			return true
		}
	}
	return false
}
