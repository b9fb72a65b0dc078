package program

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
	"github.com/retort-ml/retort/runners/costs"
	"github.com/retort-ml/retort/runners/progress"
)

// PlanFlags are those of `plan`: where the stages would run, and at what prices.
type PlanFlags struct {
	where  runners.Flags
	prices string
	json   bool
}

// Register adds them to a command.
func (f *PlanFlags) Register(cmd *cobra.Command) {
	f.where.Register(cmd.Flags())
	cmd.Flags().StringVar(&f.prices, "prices", "", "YAML file of rates and prices, by which the jobs are costed (see docs/prices.yaml)")
	cmd.Flags().BoolVar(&f.json, "json", false, "as one JSON object")
}

// Write writes the plan and, where a runner or prices are given, its jobs.
func (f *PlanFlags) Write(cmd *cobra.Command, w, err io.Writer, root string, steps []pipelines.Step) error {
	var jobs []progress.Job
	var prices *costs.Prices
	if f.prices != "" {
		p, problem := costs.Load(f.prices)
		if problem != nil {
			return Usage(problem)
		}
		prices = &p
	}
	runner, problem := f.where.Runner()
	if problem != nil {
		return Usage(problem)
	}
	SayLacks(err, runner, steps)
	if cmd.Flags().Changed("runner") || prices != nil {
		plans := plansOf(runner, steps)
		if p, ok := runner.(pipelines.Provider); ok {
			if problem := p.Provides(plans, root); problem != nil {
				fmt.Fprintf(err, "cannot run there yet: %v\n", problem)
			}
		}
		for _, plan := range plans {
			jobs = append(jobs, jobOf(runner, plan, prices))
		}
	}
	if f.json {
		progress.JSON(w).PlannedJobs(steps, jobs)
		return nil
	}
	if problem := WritePlan(w, steps); problem != nil || len(jobs) == 0 {
		return problem
	}
	return writeJobs(w, jobs, prices)
}

// SayLacks writes what this machine lacks for steps that would run on it, if anything.
func SayLacks(w io.Writer, runner pipelines.Runner, steps []pipelines.Step) {
	if err := pipelines.CanRun(runner, steps); err != nil {
		fmt.Fprintf(w, "cannot run here yet: %v\n", err)
	}
}

func plansOf(runner pipelines.Runner, steps []pipelines.Step) []pipelines.JobPlan {
	_, joined := runner.(pipelines.Provider)
	return pipelines.Jobs(steps, joined)
}

// Machined is a runner that says what machines a job gets.
type Machined interface {
	Machines(job pipelines.JobPlan) (description string, accelerated bool)
}

func jobOf(runner pipelines.Runner, plan pipelines.JobPlan, prices *costs.Prices) progress.Job {
	machines, accelerated := runner.Name(), plan.Wants.Accelerator == pipelines.Needed
	if m, ok := runner.(Machined); ok {
		machines, accelerated = m.Machines(plan)
	}
	c := prices.Of(plan, accelerated)
	j := progress.Job{Stages: plan.Names(), Wants: plan.Wants, Machines: machines, Accelerated: accelerated,
		CPUHours: c.CPUHours, GPUHours: c.GPUHours, Bytes: c.Bytes}
	if prices != nil {
		j.Currency, j.MachineHours, j.Cost, j.Month = prices.Currency, c.MachineHours, c.Machines+c.Requests, c.Month
	}
	return j
}

// writeJobs writes what jobs there are, and what they cost.
func writeJobs(w io.Writer, jobs []progress.Job, prices *costs.Prices) error {
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	head := "job\tstages\twants\tmachines\tCPU hours\tGPU hours"
	if prices != nil {
		head += "\tmachine hours\t" + prices.Currency
	}
	fmt.Fprintln(t, head)
	var sum progress.Job
	for i, j := range jobs {
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%s", i+1, strings.Join(j.Stages, ", "), j.Wants, cmp.Or(j.Machines, "-"), hours(j.CPUHours), hours(j.GPUHours))
		if prices != nil {
			fmt.Fprintf(t, "\t%s\t%s", hours(j.MachineHours), money(j.Cost))
		}
		fmt.Fprintln(t)
		sum.MachineHours, sum.Cost, sum.Month, sum.Bytes = sum.MachineHours+j.MachineHours, sum.Cost+j.Cost, sum.Month+j.Month, sum.Bytes+j.Bytes
	}
	if err := t.Flush(); err != nil {
		return err
	}
	text := progress.Plural(int64(len(jobs)), "job")
	if prices != nil {
		text += fmt.Sprintf(", about %s machine hours, %s %s; %s at rest, %s %s a month", hours(sum.MachineHours), money(sum.Cost), prices.Currency,
			someBytes(sum.Bytes), money(sum.Month), prices.Currency)
	}
	_, err := fmt.Fprintf(w, "\n%s\n", text)
	return err
}

func money(x float64) string {
	switch {
	case x == 0:
		return "0"
	case x < 0.01:
		return "<0.01"
	case x < 1000:
		return fmt.Sprintf("%.2f", x)
	}
	return progress.Count(int64(x + 0.5))
}
