package simclrv2

import (
	"io"

	"github.com/retort-ml/retort/pipelines/config"
)

// Schema is how a Config is loaded, checked and printed. A program that adds
// keys of its own to it uses config.Map.
var Schema = config.Schema[Config]{Base: Default, Presets: Presets, Default: DefaultPreset}

// DefaultPreset is the recipe where neither the command line nor the file
// names one: the largest that a machine without a GPU gets through.
const DefaultPreset = "cifar10-small"

// ByName returns the preset of that name.
func ByName(name string) (Config, error) { return Schema.ByName(name) }

// Load resolves a config: the preset (by name; empty takes the file's
// "preset:" key, else DefaultPreset), over it the YAML file (empty: none), over
// it settings such as "pretrain.epochs=20". Nothing misspelt or out of range
// goes through: the error has one line for each thing that is wrong, with line
// and column in the file or the setting that it stands in.
func Load(preset, configFile string, sets []string) (Config, error) {
	return Schema.Load(preset, configFile, sets)
}

// Print writes the whole config as YAML that Load reads back to the same. A
// comment after every value says what it is, what it may be, and its default:
// that of the paper's ImageNet recipe, which the presets start from.
func Print(w io.Writer, c Config) error { return Schema.Print(w, c) }
