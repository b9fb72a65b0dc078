package dataflow_test

import (
	"encoding/json"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/runners/dataflow"
)

// image is one build stage of a Dockerfile.
type image struct {
	name, from string
	lines      [][2]string // instruction and what follows it
}

func (i image) all(instruction string) (found []string) {
	for _, l := range i.lines {
		if l[0] == instruction {
			found = append(found, l[1])
		}
	}
	return found
}

// parseImages reads a Dockerfile of the plain kind: instructions, \ at the ends of
// lines that go on, comments.
func parseImages(t *testing.T, file string) (stages []image) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	known := []string{"FROM", "WORKDIR", "COPY", "RUN", "ENV", "ENTRYPOINT"}
	plain := regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(string(text), "")
	for _, line := range strings.Split(strings.ReplaceAll(plain, "\\\n", " "), "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		instruction, rest, _ := strings.Cut(line, " ")
		if !slices.Contains(known, instruction) || strings.TrimSpace(rest) == "" {
			t.Fatalf("%s: %q is no instruction that this test knows", file, line)
		}
		if instruction == "FROM" {
			from, name, _ := strings.Cut(rest, " AS ")
			stages = append(stages, image{name: name, from: from})
			continue
		}
		if len(stages) == 0 {
			t.Fatalf("%s: %q before FROM", file, line)
		}
		last := &stages[len(stages)-1]
		last.lines = append(last.lines, [2]string{instruction, strings.TrimSpace(rest)})
	}
	return stages
}

var dockerfiles = []string{"Dockerfile", "cuda.Dockerfile"}

// TestImages checks what can be checked of the Dockerfiles without building them; that
// their entry point works is TestBootBecomesTheStagedProgram of runners/program.
func TestImages(t *testing.T) {
	for _, file := range dockerfiles {
		stages := parseImages(t, file)
		ignored, err := os.ReadFile(file + ".dockerignore")
		if err != nil {
			t.Fatal(err)
		}
		sent := strings.Split(strings.TrimSpace(string(ignored)), "\n")
		if sent[0] != "*" {
			t.Errorf("%s.dockerignore sends what it does not name", file)
		}
		for _, s := range sent[1:] {
			name := strings.TrimPrefix(s, "!")
			if _, err := os.Stat(path.Join("../..", name)); err != nil && name != "bin/retort" {
				t.Errorf("%s.dockerignore: %v", file, err)
			}
		}
		for i, s := range stages {
			if s.from != "scratch" && !strings.Contains(path.Base(s.from), ":") {
				t.Errorf("%s: FROM %s has no tag", file, s.from)
			}
			for _, c := range s.all("COPY") {
				checkCopy(t, file, c, stages[:i], sent)
			}
		}
		checkEntry(t, file, stages[len(stages)-1])
	}
}

// checkCopy: what is copied is in the context that is sent, or was made by an earlier
// stage.
func checkCopy(t *testing.T, file, line string, before []image, sent []string) {
	t.Helper()
	words := strings.Fields(line)
	from, staged := strings.CutPrefix(words[0], "--from=")
	if !staged {
		for _, source := range words[:len(words)-1] {
			if source != "." && !slices.Contains(sent, "!"+source) {
				t.Errorf("%s: COPY %s: %s is not sent", file, line, source)
			}
		}
		return
	}
	i := slices.IndexFunc(before, func(s image) bool { return s.name == from })
	if i < 0 || !strings.Contains(strings.Join(before[i].all("RUN"), "\n"), words[1]+" ") {
		t.Errorf("%s: COPY %s: no RUN of an earlier stage %s makes %s", file, line, from, words[1])
	}
}

// checkEntry: the last stage starts a program that lies in it.
func checkEntry(t *testing.T, file string, last image) {
	t.Helper()
	entries := last.all("ENTRYPOINT")
	var entry []string
	if len(entries) != 1 || json.Unmarshal([]byte(entries[0]), &entry) != nil || len(entry) == 0 {
		t.Fatalf("%s: ENTRYPOINT %q; want one, in the form of JSON: signals do not pass a shell", file, entries)
	}
	if !slices.ContainsFunc(last.all("COPY"), func(c string) bool { return strings.HasSuffix(c, " "+entry[0]) }) {
		t.Errorf("%s: ENTRYPOINT %s is copied nowhere", file, entry[0])
	}
}

// TestImageForGPUs: the program is built as errors say, with a Go that can, and the
// packages are those that retort doctor names.
func TestImageForGPUs(t *testing.T) {
	all := map[string]image{}
	for _, s := range parseImages(t, "cuda.Dockerfile") {
		all[s.name] = s
	}
	module, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	version := string(regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(module)[1])
	if !strings.HasPrefix(all["build"].from, "golang:"+version+"-") {
		t.Errorf("it builds with %s; go.mod wants Go %s", all["build"].from, version)
	}
	if got := strings.Join(all["build"].all("RUN"), "\n"); !strings.Contains(got, strings.ReplaceAll(dataflow.BuildXLA, "-o retort-xla", "-o /out/retort-xla")) {
		t.Errorf("it builds by %s; users are told %s", got, dataflow.BuildXLA)
	}
	var got []string
	for _, word := range strings.Fields(strings.Join(all["xla"].all("RUN"), " ")) {
		if name, version, ok := strings.Cut(word, "=="); ok && version != "" {
			got = append(got, name)
		}
	}
	var want []string
	before, after, _ := strings.Cut(backend.InstallCUDA, "{")
	inner, end, _ := strings.Cut(after, "}")
	words := strings.Fields(before)
	name, _, _ := strings.Cut(words[len(words)-2], "==")
	want = append(want, name)
	for _, part := range strings.Split(inner, ",") {
		want = append(want, "nvidia-"+part+end)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("it installs, with versions, %v; retort doctor names %v", got, want)
	}
	for _, env := range []string{"PJRT_PLUGIN_LIBRARY_PATH=/opt/xla/jax_plugins/xla_cuda12", "LD_LIBRARY_PATH=/usr/local/nvidia/lib64", "GOMLX_NO_AUTO_INSTALL=1"} {
		if !slices.Contains(all[""].all("ENV"), env) {
			t.Errorf("it has no ENV %s", env)
		}
	}
}
