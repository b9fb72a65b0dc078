package backend

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Precisions that training and labelling can compute in: F32; BF16 for
// convolutions and what lies between them, with weights, statistics, heads, loss
// and optimiser in F32; INT8 for the convolutions of a trained network that is
// applied, which trains nothing.
const (
	F32  = "f32"
	BF16 = "bf16"
	INT8 = "int8"
)

// Precisions are the precisions there are, the default first.
func Precisions() []string { return []string{F32, BF16, INT8} }

// TrainingPrecisions are those of them that a network can be trained in.
func TrainingPrecisions() []string { return []string{F32, BF16} }

// How says how a backend computes. It belongs to a machine, as the backend does,
// and a checkpoint can go on with another. The zero value is one device, F32.
type How struct {
	Devices   int    // of this machine, that share each batch; 0 is 1
	Precision string // of Precisions; empty is F32
}

// With is a backend's name that says how it computes: "xla:cuda,devices=2".
func With(name string, how How) string {
	if how.Devices > 1 {
		name += ",devices=" + strconv.Itoa(how.Devices)
	}
	if how.Precision != "" && how.Precision != F32 {
		name += ",precision=" + how.Precision
	}
	return name
}

// WithPrecision is a backend's name, as With makes it, that computes in a precision
// whatever it says of one.
func WithPrecision(name, precision string) (string, error) {
	base, how, err := parse(name)
	how.Precision = precision
	return With(base, how), err
}

// parse takes apart what With made.
func parse(text string) (name string, how How, err error) {
	name, rest, some := strings.Cut(text, ",")
	for some {
		var option string
		option, rest, some = strings.Cut(rest, ",")
		key, value, _ := strings.Cut(option, "=")
		switch key {
		case "devices":
			how.Devices, err = strconv.Atoi(value)
			if err != nil || how.Devices < 1 {
				return name, how, fmt.Errorf("backend %q: devices = %s; want a number from 1", text, value)
			}
		case "precision":
			how.Precision = value
			if !slices.Contains(Precisions(), value) {
				return name, how, fmt.Errorf("backend %q: precision = %s; want one of %s", text, value, strings.Join(Precisions(), ", "))
			}
		default:
			return name, how, fmt.Errorf("backend %q has an unknown option %q; want devices=N or precision=%s", text, key, strings.Join(Precisions(), "|"))
		}
	}
	return name, how, nil
}

// check says what the chosen backend cannot do of what is asked.
func (c *Choice) check() error {
	if c.Devices > 1 {
		if !strings.HasPrefix(c.Name, "xla:") {
			return fmt.Errorf("backend %s: devices = %d; it has one device, the whole CPU (several are for --backend xla:cuda)", c.Name, c.Devices)
		}
		if n := c.Backend.NumDevices(); n < c.Devices {
			return fmt.Errorf("backend %s: devices = %d; this machine has %d", c.Name, c.Devices, n)
		}
	}
	if c.Precision == BF16 && !strings.HasPrefix(c.Name, "xla:") {
		return fmt.Errorf("backend %s: precision = bf16 is slower there than f32 and is not offered (it is for --backend xla:cuda; xla:cpu has it to try things out)", c.Name)
	}
	if c.Precision == INT8 && c.Name != "cpu" {
		return fmt.Errorf("backend %s: precision = int8 is for --backend cpu", c.Name)
	}
	return nil
}
