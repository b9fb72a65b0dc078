package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/retort-ml/retort/internal/stdio"
	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/runners/program"
)

// computeFlags say what computes, and how. A command registers those that it heeds.
type computeFlags struct {
	backend, precision string
	precisions         []string // that may be chosen
	devices            int
}

// register adds all of them.
func (f *computeFlags) register(flags *pflag.FlagSet) {
	f.registerBackend(flags)
	flags.IntVar(&f.devices, "devices", 1, "devices of this machine that share each training batch (xla)")
	f.registerPrecision(flags, "of training and of the teacher's labelling", backend.TrainingPrecisions())
}

func (f *computeFlags) registerBackend(flags *pflag.FlagSet) {
	f.precision, f.devices, f.precisions = backend.F32, 1, []string{backend.F32}
	flags.StringVar(&f.backend, "backend", backend.Auto, "what computes: "+strings.Join(backend.Names(), ", "))
}

// registerPrecision adds the choice among some of [backend.Precisions].
func (f *computeFlags) registerPrecision(flags *pflag.FlagSet, of string, precisions []string) {
	f.precisions = precisions
	about := " (bf16: xla, with weights, statistics and loss in f32"
	if slices.Contains(precisions, backend.INT8) {
		about += "; int8: cpu with AVX-512 VNNI, convolutions but the first"
	}
	flags.StringVar(&f.precision, "precision", backend.F32, of+": "+strings.Join(precisions, ", ")+about+")")
}

// note writes what a person should know of how a network is computed.
func note(text string) { fmt.Fprintf(stdio.Err, "note: %s\n", text) }

// name is the backend's name with how it computes.
func (f *computeFlags) name() (string, error) {
	if err := program.OneOf("backend", f.backend, backend.Names()); err != nil {
		return "", err
	}
	if f.precision == backend.INT8 && !slices.Contains(f.precisions, f.precision) {
		return "", usage("--precision int8: networks are trained in %s; for a teacher that labels in int8 say --set distill.label_precision=int8", strings.Join(f.precisions, " or "))
	}
	if err := program.OneOf("precision", f.precision, f.precisions); err != nil {
		return "", err
	}
	if f.devices < 1 {
		return "", usage("--devices %d: want at least 1", f.devices)
	}
	return backend.With(f.backend, backend.How{Devices: f.devices, Precision: f.precision}), nil
}
