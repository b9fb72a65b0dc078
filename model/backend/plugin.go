package backend

import (
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Plugin is a file that XLA can be loaded from: a PJRT plugin.
type Plugin struct {
	Kind string // "cuda" or "cpu"
	Path string // as it was found
	From string // where it was looked for: "PJRT_PLUGIN_LIBRARY_PATH", "/usr/bin/python3"
	// Libraries are the folders of CUDA's libraries that Python packages put beside
	// a plugin, and Data that of ptxas and libdevice; empty where there are none.
	Libraries []string
	Data      string
}

// The commands that get a plugin and a program that loads it, for messages.
const (
	InstallCUDA = `python3 -m pip install jax-cuda12-pjrt==0.12.0.1 nvidia-{cudnn,cublas,cusolver,cusparse,cufft,nccl,nvjitlink,cuda-nvcc,cuda-runtime,cuda-cupti,cuda-nvrtc}-cu12`
	InstallCPU  = `python3 -m pip install fastatomstruct-xla-cpu==2026.6.23`
	BuildXLA    = `CGO_ENABLED=1 go build -tags xla -o bin/retort ./cmd/retort`
)

// pluginGlobs are what plugins are called: by go-xla, by JAX's packages, by others.
var pluginGlobs = []string{"pjrt_c_api_*_plugin.so", "pjrt[-_]plugin[-_]*.so", "xla_cuda*_plugin.so", "libpjrt_*.so"}

// packages are the folders of Python packages that hold a plugin.
var packages = []string{"jax_plugins/xla_cuda13", "jax_plugins/xla_cuda12", "fastatomstruct_xla_cpu"}

// Plugins lists the plugins on the machine, the best first: those of
// PJRT_PLUGIN_LIBRARY_PATH (folders or files), then those of Python packages (an
// active environment's first, then of every python3 on the PATH), then those of
// the system's folders. Nothing is loaded and nothing is downloaded.
func Plugins() (found []Plugin) {
	seen := map[string]bool{}
	add := func(from, path string) {
		real, err := filepath.EvalSymlinks(path)
		if err != nil || seen[real] {
			return
		}
		kind := kindOf(filepath.Base(path))
		if kind == "" {
			return
		}
		seen[real] = true
		p := Plugin{Kind: kind, Path: path, From: from}
		if kind == "cuda" {
			p.findCUDA(real)
		}
		found = append(found, p)
	}
	inFolder := func(from, folder string) {
		for _, glob := range pluginGlobs {
			files, _ := filepath.Glob(filepath.Join(escapeGlob(folder), glob))
			slices.Sort(files)
			for _, f := range files {
				add(from, f)
			}
		}
	}
	for _, p := range filepath.SplitList(os.Getenv(pluginPathVariable)) {
		if info, err := os.Stat(p); err == nil && !info.IsDir() {
			add(pluginPathVariable, p)
		} else if p != "" {
			inFolder(pluginPathVariable, p)
		}
	}
	for _, s := range sitePackages() {
		for _, p := range packages {
			inFolder(s.from, filepath.Join(s.path, p))
		}
	}
	for _, folder := range systemFolders() {
		inFolder(folder, folder)
	}
	return found
}

const pluginPathVariable = "PJRT_PLUGIN_LIBRARY_PATH"

// kindOf tells by a file's name what the plugin computes on.
func kindOf(name string) string {
	name = strings.ToLower(name)
	switch {
	case strings.Contains(name, "cuda") || strings.Contains(name, "gpu"):
		return "cuda"
	case strings.Contains(name, "cpu"):
		return "cpu"
	}
	return ""
}

// escapeGlob makes a folder's name mean itself in a glob.
func escapeGlob(folder string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(folder)
}

// systemFolders are where go-xla's installer and distributions put plugins.
func systemFolders() (folders []string) {
	if home, err := os.UserHomeDir(); err == nil {
		folders = append(folders, filepath.Join(home, ".local/lib/go-xla"), filepath.Join(home, ".local/lib/go-xla/nvidia"))
	}
	folders = append(folders, "/usr/local/lib/go-xla", "/usr/local/lib/go-xla/nvidia")
	for _, f := range filepath.SplitList(os.Getenv("LD_LIBRARY_PATH")) {
		if filepath.IsAbs(f) {
			folders = append(folders, f)
		}
	}
	return folders
}

// findCUDA looks for NVIDIA's Python packages beside the plugin's own: its RPATH
// leads to most of them, but not to all that it opens.
func (p *Plugin) findCUDA(real string) {
	for up, folder := 0, filepath.Dir(real); up < 3; up, folder = up+1, filepath.Dir(folder) {
		nvidia := filepath.Join(folder, "nvidia")
		libraries, _ := filepath.Glob(filepath.Join(escapeGlob(nvidia), "*", "lib"))
		if len(libraries) == 0 {
			continue
		}
		slices.Sort(libraries)
		p.Libraries = libraries
		for _, data := range []string{"cuda_nvcc", "cu13", "cu12"} {
			if _, err := os.Stat(filepath.Join(nvidia, data, "bin", "ptxas")); err == nil {
				p.Data = filepath.Join(nvidia, data)
				break
			}
		}
		return
	}
}

// entryPoint is the function that every PJRT plugin has.
const entryPoint = "GetPjrtApi"

// Check says what is wrong with the file, without loading it: text with a
// plugin's name, a library that is cut short or for another processor, or one
// that is no plugin.
func (p Plugin) Check() error {
	f, err := elf.Open(p.Path)
	if err != nil {
		return fmt.Errorf("%s is no shared library (%w): remove it, or install the plugin again", p.Path, err)
	}
	defer f.Close()
	if want := machines[runtime.GOARCH]; f.Type != elf.ET_DYN || want != elf.EM_NONE && f.Machine != want {
		return fmt.Errorf("%s is no shared library for %s (%s, %s): install the plugin for this processor", p.Path, runtime.GOARCH, f.Type, f.Machine)
	}
	symbols, err := f.DynamicSymbols()
	if err != nil {
		return fmt.Errorf("%s is damaged (%w): install the plugin again", p.Path, err)
	}
	if !slices.ContainsFunc(symbols, func(s elf.Symbol) bool { return s.Name == entryPoint && s.Section != elf.SHN_UNDEF }) {
		return fmt.Errorf("%s is no PJRT plugin: it has no function %s (remove it, or name it otherwise)", p.Path, entryPoint)
	}
	return nil
}

var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

// choosePlugin is the first good plugin of a kind. Its error says in a sentence what
// there is instead and which command gets one.
func choosePlugin(kind string) (Plugin, error) {
	var bad error
	for _, p := range Plugins() {
		if p.Kind != kind {
			continue
		}
		err := p.Check()
		if err == nil {
			return p, nil
		}
		if bad == nil {
			bad = err
		}
	}
	if bad != nil {
		return Plugin{}, bad
	}
	install := InstallCPU
	if kind == "cuda" {
		install = InstallCUDA
	}
	where := "the Python packages of every python3 on the PATH, and the system's folders"
	if v := os.Getenv(pluginPathVariable); v != "" {
		where = fmt.Sprintf("%s=%s, %s", pluginPathVariable, v, where)
	}
	return Plugin{}, fmt.Errorf("there is no PJRT plugin for %s in %s: install one with %s, or set %s to its folder", kind, where, install, pluginPathVariable)
}
