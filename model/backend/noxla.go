//go:build !xla

package backend

import (
	"errors"

	"github.com/gomlx/compute"
)

// withXLA says whether this program can load plugins.
const withXLA = false

func openXLA(string, int) (compute.Backend, error) {
	return nil, errors.New("this program was built without XLA (build it with: " + BuildXLA + ")")
}
