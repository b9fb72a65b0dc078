package dataflow

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// gpu is what Accelerator says.
type gpu struct {
	kind   string
	count  int
	driver string
}

// hint is how Dataflow is told.
func (g gpu) hint() string {
	install := "install-nvidia-driver"
	if g.driver != ownDriver {
		install += ":" + g.driver
	}
	return fmt.Sprintf("type:%s;count:%d;%s", g.kind, g.count, install)
}

// ownDriver leaves the version of NVIDIA's driver to Dataflow; 5xx is one that CUDA 12
// works with.
const ownDriver = "default"

var (
	gpuName    = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	driverName = regexp.MustCompile(`^[a-z0-9.]+$`)
)

// families are the machines that accelerators are built into, or can be added to.
var families = map[string]string{
	"nvidia-l4": "g2-", "nvidia-tesla-a100": "a2-", "nvidia-a100-80gb": "a2-", "nvidia-h100-80gb": "a3-", "nvidia-h100-mega-80gb": "a3-",
	"nvidia-tesla-t4": "n1-", "nvidia-tesla-v100": "n1-", "nvidia-tesla-p100": "n1-", "nvidia-tesla-p4": "n1-",
}

// accelerator takes Accelerator apart; the zero gpu is none.
func (r Runner) accelerator() (g gpu, err error) {
	if r.Accelerator == "" {
		for flag, set := range map[string]bool{
			"accelerator-machine-type": r.AcceleratorMachine != "", "accelerator-image": r.AcceleratorImage != "",
			"accelerator-binary": r.AcceleratorBinary != "", "accelerator-option": r.AcceleratorOption, "accelerator-max-workers": r.AcceleratorWorkers != 0,
		} {
			if set {
				return g, fmt.Errorf("--%s: there is no accelerator (give --accelerator type=nvidia-l4,count=1)", flag)
			}
		}
		return g, nil
	}
	g.count, g.driver = 1, "5xx"
	for _, part := range strings.Split(r.Accelerator, ",") {
		key, value, _ := strings.Cut(part, "=")
		switch key {
		case "type":
			g.kind = value
		case "count":
			g.count, err = strconv.Atoi(value)
		case "driver":
			g.driver = value
		default:
			err = fmt.Errorf("no such part: %q", part)
		}
		if err != nil {
			break
		}
	}
	if err != nil || !gpuName.MatchString(g.kind) || !driverName.MatchString(g.driver) || g.count < 1 || g.count > 16 {
		return g, fmt.Errorf("--accelerator %s: want type=NAME,count=N with 1 to 16 of them, such as type=nvidia-l4,count=1", r.Accelerator)
	}
	machine := cmp.Or(r.AcceleratorMachine, r.Machine)
	if family, known := families[g.kind]; known && machine != "" && !strings.HasPrefix(machine, family) {
		return g, fmt.Errorf("--accelerator %s: machines of type %s have none; want one of %s… as --accelerator-machine-type", r.Accelerator, machine, family)
	}
	if r.AcceleratorImage == "" && r.Image == "" {
		return g, fmt.Errorf("--accelerator %s: Beam's own container has neither CUDA nor XLA's plugin (build one from runners/dataflow/cuda.Dockerfile and give --accelerator-image)", r.Accelerator)
	}
	return g, nil
}
