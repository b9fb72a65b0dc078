// Package backend chooses the compute backend that graphs run on.
//
//	auto      CUDA when there is a device and a plugin for it, else cpu, else go
//	cpu       Retort's own engine, pure Go
//	go        GoMLX's Go backend: slow, and a second opinion
//	xla:cuda  XLA on an NVIDIA GPU (programs built with the tag xla)
//	xla:cpu   XLA on the CPU (programs built with the tag xla)
//
// After a comma a name says how to compute: "xla:cuda,devices=2,precision=bf16"
// ([With]). Nothing is ever downloaded: a missing plugin is an error that says
// where it was looked for and which command gets it.
package backend

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend" // registers "go"
)

// Auto chooses by what the machine has.
const Auto = "auto"

// Names are the choices there are.
func Names() []string { return []string{Auto, "cpu", "go", "xla:cuda", "xla:cpu"} }

// Choice is an open backend and why it was chosen.
type Choice struct {
	Backend compute.Backend
	Name    string // one of Names, never "auto"
	Reason  string // for people: "auto: no NVIDIA device"
	How
}

// String says what was chosen: "cpu (auto: no NVIDIA device)".
func (c *Choice) String() string {
	name := With(c.Name, c.How)
	if c.Reason == "" {
		return name
	}
	return fmt.Sprintf("%s (%s)", name, c.Reason)
}

// New opens a backend by name, which may say how to compute.
func New(name string) (*Choice, error) {
	name, how, err := parse(name)
	if err != nil {
		return nil, err
	}
	c, err := choose(name, how)
	if err != nil {
		return nil, err
	}
	c.How = how
	return c, c.check()
}

// Check says what stands against a backend on this machine, as far as that shows
// without opening a device: for those who will want it hours later.
func Check(name string) error {
	base, how, err := parse(name)
	if err != nil {
		return err
	}
	if kind, ok := strings.CutPrefix(base, "xla:"); ok && slices.Contains(Names(), base) {
		if err := checkXLA(kind); err != nil {
			return fmt.Errorf("backend %s: %w", base, err)
		}
		return (&Choice{Name: base, How: How{Precision: how.Precision}}).check()
	}
	if (base == "" || base == Auto) && how.Precision != INT8 && hasCUDADevice() {
		return nil
	}
	c, err := New(name)
	if err == nil {
		c.Backend.Finalize()
	}
	return err
}

func choose(name string, how How) (*Choice, error) {
	switch {
	case (name == "" || name == Auto) && how.Precision == INT8:
		c, err := choose("cpu", how)
		if err == nil {
			c.Reason = "auto: int8 is for it alone"
		}
		return c, err
	case name == "" || name == Auto:
		return auto(how)
	case !slices.Contains(Names(), name):
		return nil, fmt.Errorf("backend %q is not known; want one of %s", name, strings.Join(Names(), ", "))
	}
	b, err := open(name, how)
	if err != nil {
		return nil, fmt.Errorf("backend %s: %w", name, err)
	}
	return &Choice{Backend: b, Name: name}, nil
}

// auto takes the first that there is, and keeps why the others are not. What is wrong
// with the CPU's own is an error: somebody asked for instructions that are not there.
func auto(how How) (*Choice, error) {
	reason := "auto: no NVIDIA device"
	if hasCUDADevice() {
		b, err := open("xla:cuda", how)
		if err == nil {
			return &Choice{Backend: b, Name: "xla:cuda", Reason: "auto: an NVIDIA device and its plugin"}, nil
		}
		reason = fmt.Sprintf("auto: there is an NVIDIA device, but %v", err)
	}
	name := "cpu"
	if !hasCPU() {
		name, reason = "go", reason+"; no cpu: "+errNoCPU.Error()
	}
	c, err := choose(name, how)
	if err != nil {
		return nil, err
	}
	c.Reason = reason
	return c, nil
}

var errNoCPU = errors.New("this program was built without it")

func hasCPU() bool { return slices.Contains(compute.List(), "cpu") }

// open opens one backend, turning GoMLX's panics into errors.
func open(name string, how How) (b compute.Backend, err error) {
	defer func() {
		if r := recover(); r != nil {
			b, err = nil, fmt.Errorf("cannot open it: %v", r)
		}
	}()
	switch name {
	case "go":
		// With parallel operations its pool can deadlock: every worker waits for a
		// free worker.
		return compute.NewWithConfig("go:ops_sequential")
	case "cpu":
		if !hasCPU() {
			return nil, errNoCPU
		}
		if how.Precision == INT8 {
			return compute.NewWithConfig("cpu:int8")
		}
		return compute.NewWithConfig("cpu")
	}
	return openXLA(strings.TrimPrefix(name, "xla:"), how.Devices)
}
