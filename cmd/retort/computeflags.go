package main

import (
	"strings"

	"github.com/spf13/pflag"

	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/runners/program"
)

// computeFlags say what computes, and how. A command registers those that it heeds.
type computeFlags struct {
	backend, precision string
	devices            int
}

// register adds all of them.
func (f *computeFlags) register(flags *pflag.FlagSet) {
	f.registerBackend(flags)
	flags.IntVar(&f.devices, "devices", 1, "devices of this machine that share each training batch (xla)")
	f.registerPrecision(flags, "of training and of the teacher's labelling")
}

func (f *computeFlags) registerBackend(flags *pflag.FlagSet) {
	f.precision, f.devices = backend.F32, 1
	flags.StringVar(&f.backend, "backend", backend.Auto, "what computes: "+strings.Join(backend.Names(), ", "))
}

func (f *computeFlags) registerPrecision(flags *pflag.FlagSet, of string) {
	flags.StringVar(&f.precision, "precision", backend.F32, of+": "+strings.Join(backend.Precisions(), ", ")+" (bf16: xla, with weights, statistics and loss in f32)")
}

// name is the backend's name with how it computes.
func (f *computeFlags) name() (string, error) {
	if err := program.OneOf("backend", f.backend, backend.Names()); err != nil {
		return "", err
	}
	if err := program.OneOf("precision", f.precision, backend.Precisions()); err != nil {
		return "", err
	}
	if f.devices < 1 {
		return "", usage("--devices %d: want at least 1", f.devices)
	}
	return backend.With(f.backend, backend.How{Devices: f.devices, Precision: f.precision}), nil
}
