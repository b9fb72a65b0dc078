package backend

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
)

func TestEveryNameOpensOrExplains(t *testing.T) {
	t.Setenv("PJRT_PLUGIN_LIBRARY_PATH", t.TempDir())
	for _, name := range Names() {
		c, err := New(name)
		if err != nil {
			if name == Auto || name == "go" {
				t.Errorf("%s: %v", name, err)
			}
			if !strings.Contains(err.Error(), name) || len(err.Error()) < 30 {
				t.Errorf("%s: says too little: %v", name, err)
			}
			continue
		}
		t.Logf("%s: %s", name, c)
		y, err := graph.CallOnce(c.Backend, func(x *graph.Node) *graph.Node { return graph.Add(x, x) }, []float32{1, 2})
		if err != nil || y.String() == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnknownName(t *testing.T) {
	_, err := New("cuda")
	if err == nil || !strings.Contains(err.Error(), `"cuda" is not known; want one of auto, cpu, go, xla:cuda, xla:cpu`) {
		t.Error(err)
	}
}

func TestAutoSaysWhy(t *testing.T) {
	c, err := New("")
	if err != nil {
		t.Fatal(err)
	}
	if c.Name == Auto || !strings.HasPrefix(c.Reason, "auto: ") {
		t.Errorf("%+v", c)
	}
	if _, err := os.Stat("/dev/nvidia0"); err != nil && strings.HasPrefix(c.Name, "xla") {
		t.Errorf("chose %s without a device", c)
	}
}

// TestUnknownInstructionsAreAnError also where nobody asked for a backend: no other,
// slower one takes the place in silence.
func TestUnknownInstructionsAreAnError(t *testing.T) {
	if _, err := os.Stat("/dev/nvidia0"); err == nil {
		t.Skip("auto takes the GPU here")
	}
	t.Setenv("RETORT_CPU_ISA", "avx9000")
	for _, name := range []string{"", Auto, "cpu", "auto,precision=int8"} {
		_, err := New(name)
		if err == nil || !strings.HasPrefix(err.Error(), `backend cpu: RETORT_CPU_ISA = "avx9000"; this machine runs `) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestCheckSaysWhatNewWould, as far as that shows without a device.
func TestCheckSaysWhatNewWould(t *testing.T) {
	t.Setenv(pluginPathVariable, t.TempDir())
	for _, name := range append(Names(), "", "cuda", "cpu,devices=2", "go,precision=int8", "auto,precision=int8", "cpu,precision=bf16") {
		err := Check(name)
		c, want := New(name)
		if want == nil {
			c.Backend.Finalize()
		}
		if fmt.Sprint(err) != fmt.Sprint(want) && (!strings.HasPrefix(name, "xla:") || err != nil) {
			t.Errorf("%q: %v; New says: %v", name, err, want)
		}
	}
}
