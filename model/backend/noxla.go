//go:build !xla

package backend

import (
	"errors"

	"github.com/gomlx/compute"
)

// withXLA says whether this program can load plugins.
const withXLA = false

func openXLA(kind string, _ int) (compute.Backend, error) { return nil, checkXLA(kind) }

func checkXLA(string) error {
	return errors.New("this program was built without XLA (build it with: " + BuildXLA + ")")
}
