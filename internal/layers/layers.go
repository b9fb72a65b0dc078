// Package layers says which package of this module may import which, and through which doors
// foreign code comes in. Its test holds the house to it:
//
//	cmd -> pipelines/simclrv2 -> transforms -> {pipelines, model} -> io -> internal
//	cmd -> runners -> pipelines
//
// A layer may also import what lies further down, and itself. Beam enters through pipelines,
// transforms and runners, GoMLX through model (and an example of a loss from outside), cloud storage
// through io/blob (Google's API, too, through runners/dataflow), YAML through pipelines/config, Parquet through io/embedding, LevelDB's tables through model/checkpoint/tensorbundle,
// cobra through runners/program and cmd; the image maths in transforms/views/augment need neither Beam nor GoMLX.
package layers

import (
	"fmt"
	"strings"
)

// Module is the path that all of this module's packages begin with.
const Module = "github.com/retort-ml/retort"

// below lists the layers that each layer may import besides itself.
var below = map[string][]string{
	"internal":           {},
	"io":                 {"internal"},
	"model":              {"io", "internal"},
	"pipelines":          {"io", "internal"},
	"transforms":         {"pipelines", "model", "io", "internal"},
	"pipelines/simclrv2": {"transforms", "pipelines", "model", "io", "internal"},
	"runners":            {"pipelines", "io", "internal"},
	"cmd":                {"pipelines/simclrv2", "runners", "transforms", "pipelines", "model", "io", "internal"},
	"examples":           {"pipelines/simclrv2", "runners", "transforms", "pipelines", "model", "io", "internal"},
	"bench":              {"pipelines/simclrv2", "runners", "transforms", "pipelines", "model", "io", "internal"},
	"docs":               {"internal"},
}

// doors lists the folders through which each foreign module may come in.
var doors = []struct {
	foreign []string
	through []string
}{
	{[]string{"github.com/apache/beam"}, []string{"pipelines", "transforms", "runners"}},
	{[]string{"github.com/gomlx"}, []string{"model", "examples/barlowtwins"}},
	{[]string{"github.com/goccy/go-yaml"}, []string{"pipelines/config"}},
	{[]string{"github.com/parquet-go"}, []string{"io/embedding"}},
	{[]string{"github.com/syndtr/goleveldb"}, []string{"model/checkpoint/tensorbundle"}},
	{[]string{"github.com/spf13/cobra"}, []string{"cmd", "runners/program"}},
	{[]string{"github.com/spf13/pflag"}, []string{"cmd", "runners"}},
	{[]string{"google.golang.org/api", "golang.org/x/oauth2"}, []string{"io/blob", "runners/dataflow"}},
	{[]string{"cloud.google.com/go", "gocloud.dev", "github.com/aws", "github.com/googleapis"}, []string{"io/blob"}},
}

// layerOf names the layer of a package given by its folder in the module.
func layerOf(folder string) string {
	if within(folder, "pipelines/simclrv2") {
		return "pipelines/simclrv2"
	}
	layer, _, _ := strings.Cut(folder, "/")
	return layer
}

// Check says what is wrong with a package in folder importing the path, nil when nothing is. Both
// are slash-separated, the folder relative to the module's root.
func Check(folder, path string) error {
	if inner, ok := strings.CutPrefix(path, Module+"/"); ok {
		return checkOwn(folder, inner)
	}
	for _, door := range doors {
		if withinAny(path, door.foreign) && !withinAny(folder, door.through) {
			return fmt.Errorf("%s imports %s, which comes in through %s only", folder, path, strings.Join(door.through, ", "))
		}
	}
	if pure := "transforms/views/augment"; within(folder, pure) && withinAny(path, doors[0].foreign) {
		return fmt.Errorf("%s imports %s; %s is plain image maths, without Beam and GoMLX", folder, path, pure)
	}
	return nil
}

func checkOwn(folder, imported string) error {
	from, to := layerOf(folder), layerOf(imported)
	allowed, known := below[from]
	if !known {
		return fmt.Errorf("%s is in no layer; add %q to package layers", folder, from)
	}
	if from == to {
		return nil
	}
	for _, layer := range allowed {
		if layer == to {
			return checkPure(folder, imported)
		}
	}
	return fmt.Errorf("%s (%s) imports %s (%s); %s may import %s", folder, from, imported, to, from, strings.Join(append(allowed, "itself"), ", "))
}

// checkPure keeps Beam and GoMLX out of the image maths also by way of our own packages.
func checkPure(folder, imported string) error {
	if within(folder, "transforms/views/augment") && (within(imported, "pipelines") || within(imported, "model")) {
		return fmt.Errorf("%s imports %s, and with it Beam or GoMLX", folder, imported)
	}
	return nil
}

func within(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}

func withinAny(path string, folders []string) bool {
	for _, folder := range folders {
		if within(path, folder) {
			return true
		}
	}
	return false
}
