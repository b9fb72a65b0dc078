package backend

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// alone hides what the machine has: no Python, no system folders of its own.
func alone(t *testing.T) {
	t.Helper()
	for _, v := range []string{"PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "LD_LIBRARY_PATH", pluginPathVariable} {
		t.Setenv(v, "")
	}
	t.Setenv("HOME", t.TempDir())
}

func write(t *testing.T, path, text string, mode os.FileMode) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPluginsAreFoundWherePeopleHaveThem: the variable, environments, every
// python3 on the PATH, in this order, each file once.
func TestPluginsAreFoundWherePeopleHaveThem(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a python3 that is a shell script")
	}
	alone(t)
	root := t.TempDir()
	at := func(parts ...string) string { return filepath.Join(append([]string{root}, parts...)...) }
	direct := write(t, at("set", "pjrt_c_api_cpu_v1_plugin.so"), "x", 0o644)
	file := write(t, at("a file.so", "libpjrt_cpu.so"), "x", 0o644)
	venv := write(t, at("venv", "lib", "python3.12", "site-packages", "jax_plugins", "xla_cuda12", "xla_cuda_plugin.so"), "x", 0o644)
	conda := write(t, at("conda", "lib", "python3.13", "site-packages", "jax_plugins", "xla_cuda13", "xla_cuda_plugin.so"), "x", 0o644)
	asked := write(t, at("elsewhere", "fastatomstruct_xla_cpu", "libpjrt_cpu.so"), "x", 0o644)
	write(t, at("bin", "python3"), "#!/bin/sh\necho relative\necho "+at("elsewhere")+"\n", 0o755)
	write(t, at("broken", "python3"), "#!/bin/sh\nexit 1\n", 0o755)
	write(t, at("set", "notes.txt"), "x", 0o644)
	t.Setenv(pluginPathVariable, at("set")+":"+file+":"+at("missing"))
	t.Setenv("VIRTUAL_ENV", at("venv"))
	t.Setenv("CONDA_PREFIX", at("conda"))
	t.Setenv("PATH", at("broken")+":"+at("bin")+":relative")
	var got []string
	for _, p := range Plugins() {
		got = append(got, fmt.Sprint(p.Kind, " ", p.Path, " ", p.From))
	}
	want := []string{"cpu " + direct + " " + pluginPathVariable, "cpu " + file + " " + pluginPathVariable,
		"cuda " + venv + " VIRTUAL_ENV", "cuda " + conda + " CONDA_PREFIX", "cpu " + asked + " " + at("bin", "python3")}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestAPythonThatHangsIsLeft: it has no packages, and nobody waits for it.
func TestAPythonThatHangsIsLeft(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a python3 that is a shell script")
	}
	path := os.Getenv("PATH")
	alone(t)
	bin := t.TempDir()
	write(t, filepath.Join(bin, "python3"), "#!/bin/sh\nPATH="+path+"\nexec sleep 60\n", 0o755)
	t.Setenv("PATH", bin)
	defer func(d time.Duration) { pythonPatience = d }(pythonPatience)
	pythonPatience = 50 * time.Millisecond
	if found := Plugins(); len(found) != 0 {
		t.Errorf("found %v", found)
	}
}

// TestCUDAOfPythonPackagesIsFound: libraries and tools lie beside jax_plugins,
// also where the plugin is reached through a link.
func TestCUDAOfPythonPackagesIsFound(t *testing.T) {
	alone(t)
	site := t.TempDir()
	real := write(t, filepath.Join(site, "jax_plugins", "xla_cuda12", "xla_cuda_plugin.so"), "x", 0o644)
	cusolver := write(t, filepath.Join(site, "nvidia", "cusolver", "lib", "libcusolver.so.11"), "x", 0o644)
	ptxas := write(t, filepath.Join(site, "nvidia", "cuda_nvcc", "bin", "ptxas"), "x", 0o755)
	linked := filepath.Join(t.TempDir(), "pjrt_c_api_cuda_plugin.so")
	if err := os.Symlink(real, linked); err != nil {
		t.Skip(err)
	}
	t.Setenv(pluginPathVariable, filepath.Dir(linked))
	found := Plugins()
	if len(found) != 1 || len(found[0].Libraries) != 1 || found[0].Libraries[0] != filepath.Dir(cusolver) || found[0].Data != filepath.Dir(filepath.Dir(ptxas)) {
		t.Errorf("%+v", found)
	}
}

// TestPluginsThatAreNone: one sentence says what the file is and what to do.
func TestPluginsThatAreNone(t *testing.T) {
	alone(t)
	for _, kind := range []string{"cpu", "cuda"} {
		if _, err := choosePlugin(kind); err == nil || !strings.Contains(err.Error(), "no PJRT plugin for "+kind) ||
			!strings.Contains(err.Error(), "python3 -m pip install") {
			t.Errorf("%s: %v", kind, err)
		}
	}
	folder := t.TempDir()
	t.Setenv(pluginPathVariable, folder)
	name := filepath.Join(folder, "pjrt_c_api_cpu_plugin.so")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, want string }{
		{"", "is no shared library"},
		{"git-lfs pointer, not a library", "is no shared library"},
		{string(program[:min(64, len(program))]), "is no shared library"},
		{string(program), "is no "}, // a program: no shared library, or one without the function
	} {
		write(t, name, c.text, 0o644)
		if _, err := choosePlugin("cpu"); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), name) {
			t.Errorf("want %q in: %v", c.want, err)
		}
	}
}

func TestHowIsPartOfTheName(t *testing.T) {
	for _, c := range []struct {
		text, name string
		how        How
		want       string // of the error
	}{
		{"", "", How{}, ""},
		{"xla:cuda,devices=4,precision=bf16", "xla:cuda", How{4, BF16}, ""},
		{"cpu,precision=f32", "cpu", How{0, F32}, ""},
		{"cpu,devices=0", "", How{}, "devices = 0; want a number from 1"},
		{"cpu,devices=x", "", How{}, "devices = x; want a number from 1"},
		{"cpu,precision=f16", "", How{}, "precision = f16; want one of f32, bf16, int8"},
		{"auto,precision=int8", "auto", How{0, INT8}, ""},
		{"cpu,device=2", "", How{}, `unknown option "device"`},
	} {
		name, how, err := parse(c.text)
		switch {
		case c.want != "":
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q: want %q in: %v", c.text, c.want, err)
			}
		case err != nil || name != c.name || how != c.how:
			t.Errorf("%q: %q, %+v, %v", c.text, name, how, err)
		}
	}
	if s := With("xla:cpu", How{Devices: 2, Precision: BF16}); s != "xla:cpu,devices=2,precision=bf16" {
		t.Error(s)
	}
	for text, want := range map[string]string{"cpu,devices=2": "it has one device", "go,precision=bf16": "bf16 is slower there", "go,precision=int8": "int8 is for --backend cpu"} {
		if _, err := New(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want %q in: %v", text, want, err)
		}
	}
}
