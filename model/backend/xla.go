//go:build xla

package backend

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/go-xla/pjrt"
)

// withXLA says whether this program can load plugins.
const withXLA = true

// openXLA opens a plugin that is on the machine, for "cuda" or "cpu". devices is
// how many are wanted; 0 leaves it to the plugin.
func openXLA(kind string, devices int) (compute.Backend, error) {
	p, err := choosePlugin(kind)
	if err != nil {
		return nil, err
	}
	return p.open(devices)
}

// checkXLA says what is missing for openXLA, and loads nothing.
func checkXLA(kind string) error {
	_, err := choosePlugin(kind)
	return err
}

func (p Plugin) open(devices int) (compute.Backend, error) {
	xla.EnableAutoInstall(false) // it downloads, and may hang without a network
	// What go-xla would look for is found already; it warns on stderr of what it
	// does not find.
	_ = os.Setenv("GOPJRT_CUDA_CHECKS", "no")
	path, err := filepath.Abs(p.Path)
	if err != nil {
		return nil, err
	}
	p.prepareCUDA()
	if err := probe(path); err != nil {
		return nil, err
	}
	config, options := path, pjrt.NamedValuesMap{}
	if strings.Contains(path, ",") {
		return nil, fmt.Errorf("%s: a plugin's path must have no comma (move it, or link to it)", path)
	}
	switch {
	case p.Kind == "cuda":
		config += ",noshared_buffers" // it would guess from the path
	case devices > 0:
		options["cpu_device_count"] = int64(devices)
	}
	b, err := xla.NewWithOptions(config, options)
	if err != nil {
		return nil, explain(p, err)
	}
	return &donating{b}, nil
}

// prepareCUDA makes CUDA's libraries and tools known where Python packages hold
// them. The plugin's RPATH knows most libraries, not all: those are loaded
// first, as JAX does, since LD_LIBRARY_PATH is read when a program starts.
func (p Plugin) prepareCUDA() {
	preload(p.Libraries)
	const flag = "--xla_gpu_cuda_data_dir="
	if flags := os.Getenv("XLA_FLAGS"); p.Data != "" && !strings.Contains(flags, flag) {
		_ = os.Setenv("XLA_FLAGS", strings.TrimSpace(flags+" "+flag+p.Data))
	}
}

// explain says what to do about a plugin that loads and does not open.
func explain(p Plugin, err error) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "No visible GPU devices"):
		return fmt.Errorf("the plugin %s sees no GPU: check that nvidia-smi lists one here, and that CUDA_VISIBLE_DEVICES does not hide it", p.Path)
	case strings.Contains(text, "Unexpected") && strings.Contains(text, "size"):
		return fmt.Errorf("the plugin %s speaks another version of PJRT than this program: install the one that doctor names (%w)", p.Path, firstLine(err))
	case strings.Contains(text, "RESOURCE_EXHAUSTED"):
		return fmt.Errorf("the device has no memory left for the plugin %s: end what else uses it (%w)", p.Path, firstLine(err))
	}
	return fmt.Errorf("the plugin %s does not open: %w", p.Path, firstLine(err))
}

func firstLine(err error) error {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return errors.New(line)
}
