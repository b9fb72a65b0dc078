//go:build xla

package backend

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>

// The head of PJRT_Api, which no version changes.
typedef struct {
	size_t size;
	void *extensions;
	struct { size_t size; void *extensions; int major, minor; } version;
} retort_api;

// retort_probe loads a plugin for good and reads the version it was made for:
// 0, or 1 with the reason: it does not load, 2: it has no entry point, 3: that
// returns nothing.
static int retort_probe(const char *path, int *major, int *minor, size_t *size, const char **why) {
	void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
	if (!library) { *why = dlerror(); return 1; }
	const retort_api *(*get)(void) = (const retort_api *(*)(void))dlsym(library, "GetPjrtApi");
	if (!get) { dlclose(library); return 2; }
	const retort_api *api = get();
	if (!api || api->size < sizeof *api) return 3;
	*major = api->version.major;
	*minor = api->version.minor;
	*size = api->size;
	return 0;
}

static int retort_preload(const char *path) { return dlopen(path, RTLD_LAZY | RTLD_GLOBAL) != NULL; }
*/
import "C"

import (
	"fmt"
	"path/filepath"
	"unsafe"
)

// The version of PJRT's interface that go-xla is made for. Its functions lie in a
// table that only grows: a plugin can be older as long as its table has the last
// one that go-xla calls, PJRT_Executable_GetCompiledMemoryStats.
const (
	apiMajor = 0
	apiMinor = 104
	apiSize  = 40 + 98*8
)

// probe loads a plugin and compares versions. go-xla would panic with a nil
// pointer on a file that does not load, and call functions that are not there.
func probe(path string) error {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	var major, minor C.int
	var size C.size_t
	var why *C.char
	switch C.retort_probe(name, &major, &minor, &size, &why) {
	case 1:
		return fmt.Errorf("the plugin does not load: %s (a library that is missing is looked for in LD_LIBRARY_PATH)", C.GoString(why))
	case 2, 3:
		return fmt.Errorf("%s is no PJRT plugin: its %s gives nothing (install the plugin again)", path, entryPoint)
	}
	if major != apiMajor || size < apiSize {
		return fmt.Errorf("the plugin %s speaks version %d.%d of PJRT, this program %d.%d: install the version that doctor names",
			path, major, minor, apiMajor, apiMinor)
	}
	return nil
}

// preloadOrder is that of JAX: a library after those that it needs.
var preloadOrder = []string{"libcudart", "libnvJitLink", "libnvrtc-builtins", "libnvrtc", "libcublasLt", "libcublas", "libcupti",
	"libcusparse", "libcusolver", "libcufft", "libcudnn", "libnccl", "libnvshmem_host"}

// preload loads CUDA's libraries of some folders. One that does not load is left
// to the plugin, which says when it misses it.
func preload(folders []string) {
	for _, want := range preloadOrder {
		for _, folder := range folders {
			files, _ := filepath.Glob(filepath.Join(escapeGlob(folder), want+".so*"))
			for _, f := range files {
				path := C.CString(f)
				C.retort_preload(path)
				C.free(unsafe.Pointer(path))
			}
		}
	}
}
