package costs

import (
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/retort-ml/retort/pipelines"
)

// filled is the example of the docs with all its blanks filled in.
func filled(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../docs/prices.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(data), "currency: FILL-IN", "currency: EUR", 1)
	return regexp.MustCompile(`: FILL-IN`).ReplaceAllString(text, ": 2")
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "prices.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoad(t *testing.T) {
	if _, err := Load("../../docs/prices.yaml"); err == nil || !strings.Contains(err.Error(), `rates.job_minutes = "FILL-IN"; want a number`) {
		t.Errorf("the example as it is: %v", err)
	}
	p, err := Load(write(t, filled(t)))
	if err != nil || p.Currency != "EUR" || p.Hour.Accelerator != 2 {
		t.Errorf("%+v, %v", p, err)
	}
	for change, want := range map[string]string{
		"  core: 2\n":            "hour.core: missing",
		"currency: EUR\n":        "currency: missing",
		"  memory_gb: 2\n":       "machine.memory_gb",
		"  accelerators: 2\n":    "accelerator_machine.accelerators: missing",
		"hour:  ":                `unknown key "houre"`,
		"  writes_10000: 2     ": `want a number`,
	} {
		by := ""
		switch {
		case strings.HasPrefix(change, "hour"):
			by = "houre:"
		case strings.HasPrefix(change, "  writes"):
			by = "  writes_10000: two "
		}
		if _, err := Load(write(t, strings.Replace(filled(t), change, by, 1))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %q", change, err, want)
		}
	}
}

// TestOf beside the sums done by hand.
func TestOf(t *testing.T) {
	step := func(cpu, gpu float64, bytes int64) pipelines.Step {
		return pipelines.Step{Estimate: pipelines.Estimate{CPUHours: cpu, GPUHours: gpu, Bytes: bytes}}
	}
	job := pipelines.JobPlan{Steps: []pipelines.Step{step(8, 0, 10e9), step(100, 3, 6e9)}}
	var none *Prices
	if j := none.Of(job, true); j != (Job{CPUHours: 8, GPUHours: 3, Bytes: 16e9}) {
		t.Errorf("without prices: %+v", j)
	}
	p := &Prices{
		Rates:   Rates{CoreFLOPs: 2 * pipelines.CoreFLOPs, AcceleratorFLOPs: pipelines.GPUFLOPs / 2, JobMinutes: 6},
		Machine: Machine{Cores: 4, MemoryGB: 16, DiskGB: 100}, AcceleratorMachine: Machine{Cores: 8, MemoryGB: 32, DiskGB: 100, Accelerators: 2},
		Hour: Hour{Core: 0.05, MemoryGB: 0.005, DiskGB: 0.0001, Accelerator: 0.7}, Store: Store{GBMonth: 0.02, Writes: 0.05},
	}
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-9*math.Abs(want) {
			t.Errorf("%s = %v; want %v", what, got, want)
		}
	}
	j := p.Of(job, true)
	hours := 6.0/2 + 4.0/8 + 0.1
	near("hours with accelerators", j.MachineHours, hours)
	near("their price", j.Machines, hours*(8*0.05+32*0.005+100*0.0001+2*0.7))
	j = p.Of(job, false)
	hours = 54.0/4 + 0.1
	near("hours without", j.MachineHours, hours)
	near("their price", j.Machines, hours*(4*0.05+16*0.005+100*0.0001))
	near("a month", j.Month, 16*0.02)
	near("requests", j.Requests, math.Ceil(16e9/(8<<20))/1e4*0.05)
}
