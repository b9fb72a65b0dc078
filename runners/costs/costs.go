// Package costs says what the jobs of a plan are thought to cost, by rates and
// prices in a file of the user's. There are none of our own: prices differ by
// platform, region and contract, and change.
package costs

import (
	"fmt"
	"strings"

	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/pipelines/config"
)

// Prices is the file.
type Prices struct {
	Currency           string  `yaml:"currency" doc:"of all prices"`
	Rates              Rates   `yaml:"rates"`
	Machine            Machine `yaml:"machine"`
	AcceleratorMachine Machine `yaml:"accelerator_machine"`
	Hour               Hour    `yaml:"hour"`
	Store              Store   `yaml:"store"`
}

// Rates is how much work is done in a second.
type Rates struct {
	CoreFLOPs        float64 `yaml:"core_flops" range:"0.." doc:"of one core, as retort bench train measures"`
	AcceleratorFLOPs float64 `yaml:"accelerator_flops" range:"0.." doc:"of one accelerator"`
	JobMinutes       float64 `yaml:"job_minutes" doc:"from the start of a job until its machines work, and from their end until they are gone"`
}

// Machine is one that a job runs on.
type Machine struct {
	Cores        int     `yaml:"cores" doc:"of a machine"`
	MemoryGB     float64 `yaml:"memory_gb" doc:"of a machine"`
	DiskGB       float64 `yaml:"disk_gb" doc:"of a machine"`
	Accelerators int     `yaml:"accelerators" doc:"of a machine"`
}

// Hour is what an hour costs.
type Hour struct {
	Core        float64 `yaml:"core" doc:"of one core"`
	MemoryGB    float64 `yaml:"memory_gb" doc:"of a GB of memory"`
	DiskGB      float64 `yaml:"disk_gb" doc:"of a GB of disk"`
	Accelerator float64 `yaml:"accelerator" doc:"of an accelerator"`
}

// Store is what a bucket costs.
type Store struct {
	GBMonth float64 `yaml:"gb_month" doc:"of a GB that rests for a month"`
	Writes  float64 `yaml:"writes_10000" doc:"of 10,000 requests that write or list"`
}

// missing stands in where the file says nothing.
const missing = -1

var schema = config.Of(Prices{
	Rates:              Rates{pipelines.CoreFLOPs, pipelines.GPUFLOPs, missing},
	Machine:            Machine{missing, missing, missing, 0},
	AcceleratorMachine: Machine{missing, missing, missing, missing},
	Hour:               Hour{missing, missing, missing, missing},
	Store:              Store{missing, missing},
})

// Load reads a file of prices. What it does not say is an error: a price that is
// left out would make a plan look cheap.
func Load(file string) (Prices, error) {
	p, err := schema.Load("", file, nil)
	if err != nil {
		return p, fmt.Errorf("prices: %w", err)
	}
	var lacks []string
	if p.Currency == "" {
		lacks = append(lacks, "currency")
	}
	for _, x := range []struct {
		key   string
		value float64
	}{
		{"rates.job_minutes", p.Rates.JobMinutes},
		{"machine.cores", float64(p.Machine.Cores)}, {"machine.memory_gb", p.Machine.MemoryGB}, {"machine.disk_gb", p.Machine.DiskGB},
		{"accelerator_machine.cores", float64(p.AcceleratorMachine.Cores)}, {"accelerator_machine.memory_gb", p.AcceleratorMachine.MemoryGB},
		{"accelerator_machine.disk_gb", p.AcceleratorMachine.DiskGB}, {"accelerator_machine.accelerators", float64(p.AcceleratorMachine.Accelerators)},
		{"hour.core", p.Hour.Core}, {"hour.memory_gb", p.Hour.MemoryGB}, {"hour.disk_gb", p.Hour.DiskGB}, {"hour.accelerator", p.Hour.Accelerator},
		{"store.gb_month", p.Store.GBMonth}, {"store.writes_10000", p.Store.Writes},
	} {
		if x.value < 0 {
			lacks = append(lacks, x.key)
		}
	}
	if len(lacks) > 0 {
		return p, fmt.Errorf("prices: %s: %s: missing, or below 0 (look them up at your platform; 0 is a price, too)", file, strings.Join(lacks, ", "))
	}
	if p.Machine.Cores == 0 || p.AcceleratorMachine.Cores == 0 || p.AcceleratorMachine.Accelerators == 0 || p.Rates.CoreFLOPs == 0 || p.Rates.AcceleratorFLOPs == 0 {
		return p, fmt.Errorf("prices: %s: a machine without cores, without accelerators, or that does nothing in a second; want at least 1", file)
	}
	return p, nil
}

// Job is what a job is thought to take.
type Job struct {
	CPUHours     float64 // of one core, or
	GPUHours     float64 // of one accelerator
	MachineHours float64 // 0 where there are no prices
	Bytes        int64   // that it leaves
	Machines     float64 // price of the machines
	Month        float64 // price of what it leaves, for a month
	Writes       int64   // requests, at least
	Requests     float64 // their price
}

// partBytes is what one request writes: io/blob sends larger objects in parts of
// that size.
const partBytes = 8 << 20

// Of estimates a job, on machines with accelerators or without. A nil p has no
// prices: the hours are those of pipelines.Estimate then.
func (p *Prices) Of(job pipelines.JobPlan, accelerated bool) (j Job) {
	for _, s := range job.Steps {
		j.Bytes += s.Estimate.Bytes
		if accelerated && s.Estimate.GPUHours > 0 {
			j.GPUHours += s.Estimate.GPUHours
		} else {
			j.CPUHours += s.Estimate.CPUHours
		}
	}
	if p == nil {
		return j
	}
	j.CPUHours *= pipelines.CoreFLOPs / p.Rates.CoreFLOPs
	j.GPUHours *= pipelines.GPUFLOPs / p.Rates.AcceleratorFLOPs
	m := p.Machine
	if accelerated {
		m = p.AcceleratorMachine
		j.MachineHours = j.GPUHours / float64(m.Accelerators)
	}
	j.MachineHours += j.CPUHours/float64(m.Cores) + p.Rates.JobMinutes/60
	j.Machines = j.MachineHours * (float64(m.Cores)*p.Hour.Core + m.MemoryGB*p.Hour.MemoryGB + m.DiskGB*p.Hour.DiskGB)
	if accelerated {
		j.Machines += j.MachineHours * float64(m.Accelerators) * p.Hour.Accelerator
	}
	j.Month = float64(j.Bytes) / 1e9 * p.Store.GBMonth
	j.Writes = (j.Bytes + partBytes - 1) / partBytes
	j.Requests = float64(j.Writes) / 1e4 * p.Store.Writes
	return j
}
