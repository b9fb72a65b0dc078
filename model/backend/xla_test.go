//go:build xla

package backend

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// toy compiles a library that says of itself that it is a plugin.
func toy(t *testing.T, code string) string {
	t.Helper()
	source := write(t, filepath.Join(t.TempDir(), "toy.c"), code, 0o644)
	library := filepath.Join(filepath.Dir(source), "libpjrt_cpu.so")
	if out, err := exec.Command("cc", "-shared", "-fPIC", "-o", library, source).CombinedOutput(); err != nil {
		t.Skipf("no C compiler that makes a library: %v\n%s", err, out)
	}
	return library
}

// TestPluginsOfAnotherVersion: they are told apart before anything is called.
func TestPluginsOfAnotherVersion(t *testing.T) {
	const head = "#include <stddef.h>\nstatic struct { size_t size; void *e; struct { size_t s; void *e; int major, minor; } v; void *f[136]; } api = "
	for _, c := range []struct{ code, want string }{
		{head + "{sizeof api, 0, {24, 0, 1, 3}};\nvoid *GetPjrtApi(void) { return &api; }", "speaks version 1.3 of PJRT, this program 0.104"},
		{head + "{300, 0, {24, 0, 0, 12}};\nvoid *GetPjrtApi(void) { return &api; }", "speaks version 0.12 of PJRT, this program 0.104"},
		{"void *GetPjrtApi(void) { return 0; }", "is no PJRT plugin"},
	} {
		library := toy(t, c.code)
		t.Setenv(pluginPathVariable, library)
		_, err := New("xla:cpu")
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("want %q in one line of: %v", c.want, err)
		}
	}
}

// TestAPluginWhoseLibrariesAreMissing: the loader's reason is shown.
func TestAPluginWhoseLibrariesAreMissing(t *testing.T) {
	folder := t.TempDir()
	needed := write(t, filepath.Join(folder, "needed.c"), "int needed(void) { return 0; }", 0o644)
	library := filepath.Join(folder, "libneeded.so")
	if out, err := exec.Command("cc", "-shared", "-fPIC", "-Wl,-soname,libneeded.so", "-o", library, needed).CombinedOutput(); err != nil {
		t.Skipf("%v\n%s", err, out)
	}
	source := write(t, filepath.Join(folder, "toy.c"), "int needed(void); void *GetPjrtApi(void) { return (void *)(long)needed(); }", 0o644)
	plugin := filepath.Join(folder, "libpjrt_cpu.so")
	if out, err := exec.Command("cc", "-shared", "-fPIC", "-Wl,--no-as-needed", "-o", plugin, source, "-L"+folder, "-lneeded").CombinedOutput(); err != nil {
		t.Skipf("%v\n%s", err, out)
	}
	t.Setenv(pluginPathVariable, plugin)
	if _, err := New("xla:cpu"); err == nil || !strings.Contains(err.Error(), "libneeded.so") || !strings.Contains(err.Error(), "LD_LIBRARY_PATH") {
		t.Error(err)
	}
	// Once the library is loaded, as CUDA's are, it is found by its name.
	preloadOrder = append(preloadOrder, "libneeded")
	defer func() { preloadOrder = preloadOrder[:len(preloadOrder)-1] }()
	preload([]string{folder})
	if err := probe(plugin); err == nil || strings.Contains(err.Error(), "libneeded.so") {
		t.Errorf("want another reason than the missing library: %v", err)
	}
}

func TestMoreDevicesThanThereAre(t *testing.T) {
	if _, err := New("xla:cpu"); err != nil {
		t.Skip(err)
	}
	c, err := New("xla:cpu,devices=2")
	if err != nil {
		t.Fatal(err)
	}
	if n := c.Backend.NumDevices(); n != 2 {
		t.Errorf("%d devices; want the 2 that were asked for", n)
	}
	c.How.Devices = 3
	if err := c.check(); err == nil || !strings.Contains(err.Error(), "devices = 3; this machine has 2") {
		t.Error(err)
	}
}
