package layers

import (
	"fmt"
	"strings"
)

// Stages and graphs reach what rests through their job (pipelines.Job, Artifact)
// and io/blob: they call no os and join no paths, so that a run may lie in a store
// as well as on a disk. These are the packages through which they could.
var filePackages = []string{"os", "path/filepath", "io/ioutil", Module + "/internal/atomicfile"}

// fileUsers are the files that may all the same, and what for.
var fileUsers = map[string]string{
	"pipelines/alone.go":           "a worker goes to the folder of its launcher",
	"pipelines/commit.go":          "the host's name",
	"pipelines/execute.go":         "the process's number; a root on this machine is made, or refused, before anything runs",
	"pipelines/files.go":           "scratch space of this machine",
	"pipelines/simclrv2/stages.go": "names of the user's sources",
	"transforms/ingest/labels.go":  "reads the user's labels",
	"transforms/ingest/state.go":   "looks at the user's sources",
	"transforms/ingest/subset.go":  "names of the user's sources",
}

// CheckFiles says what is wrong with the file name of a package in folder importing
// the path, nil when nothing is.
func CheckFiles(folder, name, path string) error {
	if !within(folder, "pipelines") && !within(folder, "transforms") || strings.HasSuffix(name, "_test.go") {
		return nil
	}
	for _, p := range filePackages {
		if p == path && fileUsers[folder+"/"+name] == "" {
			return fmt.Errorf("%s/%s imports %s; files go through the job (out.Create, artifact.Open), or say in fileUsers what of the user's it reads", folder, name, path)
		}
	}
	return nil
}
