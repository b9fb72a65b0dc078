package backend

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// site is a folder of Python packages, and whose it is.
type site struct{ path, from string }

// pythonPatience is how long a python3 may take to say where its packages are.
var pythonPatience = 5 * time.Second

// sitePackages are the folders of Python packages: of VIRTUAL_ENV, of
// CONDA_PREFIX, then of every python3 on the PATH, which are asked. They are
// found once in a process for each PATH and environment.
func sitePackages() []site {
	key := strings.Join([]string{os.Getenv("PATH"), os.Getenv("VIRTUAL_ENV"), os.Getenv("CONDA_PREFIX"), os.Getenv("PYTHONPATH")}, "\x00")
	sites.Lock()
	defer sites.Unlock()
	if sites.key != key || sites.found == nil {
		sites.key, sites.found = key, findSites()
	}
	return slices.Clone(sites.found)
}

var sites struct {
	sync.Mutex
	key   string
	found []site
}

func findSites() (found []site) {
	seen := map[string]bool{}
	add := func(from, path string) {
		if real, err := filepath.EvalSymlinks(path); err == nil && !seen[real] {
			seen[real] = true
			found = append(found, site{path, from})
		}
	}
	for _, name := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		if prefix := os.Getenv(name); prefix != "" {
			folders, _ := filepath.Glob(filepath.Join(escapeGlob(prefix), "lib", "python3*", "site-packages"))
			for _, f := range folders {
				add(name, f)
			}
		}
	}
	asked := map[string]bool{}
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) {
		python := filepath.Join(folder, "python3")
		real, err := filepath.EvalSymlinks(python)
		if err != nil || !filepath.IsAbs(folder) || asked[python] || asked[real] && !isEnvironment(folder) {
			continue
		}
		asked[python], asked[real] = true, true
		for _, path := range packageFolders(python) {
			add(python, path)
		}
	}
	return found
}

// isEnvironment says whether a folder of programs is that of a virtual
// environment: its python3 is a link, and has packages of its own.
func isEnvironment(bin string) bool {
	_, err := os.Stat(filepath.Join(filepath.Dir(bin), "pyvenv.cfg"))
	return err == nil
}

// packageFolders asks a Python where it looks for packages. One that does not
// answer has none.
func packageFolders(python string) (folders []string) {
	ctx, cancel := context.WithTimeout(context.Background(), pythonPatience)
	defer cancel()
	c := exec.CommandContext(ctx, python, "-c", `import sys; print("\n".join(sys.path))`)
	c.Dir, c.WaitDelay = os.TempDir(), time.Second
	out, err := c.Output()
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimSpace(line); filepath.IsAbs(line) {
			folders = append(folders, line)
		}
	}
	return folders
}
