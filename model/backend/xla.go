//go:build xla

package backend

import (
	"fmt"
	"os"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-xla/compute/xla"
)

// openXLA opens a PJRT plugin ("cuda", "cpu") that is on the machine.
func openXLA(plugin string) (compute.Backend, error) {
	xla.EnableAutoInstall(false) // it downloads, and may hang without a network
	b, err := xla.New(plugin)
	if err != nil {
		where := os.Getenv("PJRT_PLUGIN_LIBRARY_PATH")
		if where == "" {
			where = "the default folders"
		}
		return nil, fmt.Errorf("no PJRT plugin %q opens (looked in %s; there are: %s; set PJRT_PLUGIN_LIBRARY_PATH to the folder of the plugin): %w",
			plugin, where, strings.Join(xla.GetAvailablePlugins(), ", "), err)
	}
	return b, nil
}
