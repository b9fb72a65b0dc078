package backend

import "fmt"

// XLA says for people, in lines, which plugins of XLA are on the machine and
// where, and what is missing for a GPU: a device, a plugin, a program that loads
// it, each with the command that gets it.
func XLA() (lines []string) {
	plugins, cuda := Plugins(), false
	for _, p := range plugins {
		if err := p.Check(); err != nil {
			lines = append(lines, fmt.Sprintf("NOT USABLE: %v", err))
			continue
		}
		text := fmt.Sprintf("plugin for %s: %s (from %s)", p.Kind, p.Path, p.From)
		if p.Kind == "cuda" {
			cuda = true
			text += libraries(p)
		}
		lines = append(lines, text)
	}
	if len(plugins) == 0 {
		lines = append(lines, "no plugin found (looked in "+pluginPathVariable+", the packages of every python3 on the PATH, the system's folders)")
	}
	if !hasCUDADevice() {
		lines = append(lines, "no NVIDIA device (/dev/nvidia0)")
	}
	if !cuda {
		lines = append(lines, "a plugin for an NVIDIA GPU comes with: "+InstallCUDA)
	}
	if !withXLA {
		lines = append(lines, "this program cannot load plugins; one that can: "+BuildXLA)
	}
	return lines
}

// libraries says whether CUDA's libraries lie beside a plugin.
func libraries(p Plugin) string {
	switch {
	case len(p.Libraries) == 0:
		return "; CUDA's libraries are not beside it: they must be in LD_LIBRARY_PATH, or come with " + InstallCUDA
	case p.Data == "":
		return fmt.Sprintf("; CUDA's libraries in %d folders beside it; ptxas must be in /usr/local/cuda, or comes with %s", len(p.Libraries), InstallCUDA)
	}
	return fmt.Sprintf("; CUDA's libraries in %d folders beside it, ptxas in %s", len(p.Libraries), p.Data)
}
