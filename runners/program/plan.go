package program

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners/progress"
)

// WritePlan writes what would run, why and how much it is, as a table.
func WritePlan(w io.Writer, steps []pipelines.Step) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "stage\tstate\timages\tviews\tbytes\tsteps\tCPU hours\tGPU hours\twhy")
	var run int
	var total pipelines.Estimate
	for _, s := range steps {
		state, e := "keep", pipelines.Estimate{}
		if s.State == pipelines.Run {
			state, e = "run", s.Estimate
			run++
			total.CPUHours += e.CPUHours
			total.GPUHours += e.GPUHours
			total.AtMost = total.AtMost || e.AtMost
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", s.Name, state, some(e.Images), some(e.Views),
			someBytes(e.Bytes), someSteps(e), hours(e.CPUHours), hours(e.GPUHours), s.Why)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s\n", planSentence(run, len(steps), total))
	return err
}

func planSentence(run, all int, total pipelines.Estimate) string {
	if run == 0 {
		return fmt.Sprintf("everything is kept: all %s are up to date", progress.Plural(int64(all), "stage"))
	}
	s := fmt.Sprintf("%d of %s would run", run, progress.Plural(int64(all), "stage"))
	var costs []string
	if total.CPUHours > 0 {
		costs = append(costs, hours(total.CPUHours)+" CPU hours")
	}
	if total.GPUHours > 0 {
		costs = append(costs, hours(total.GPUHours)+" GPU hours")
	}
	if len(costs) > 0 {
		how := "about "
		if total.AtMost {
			how = "at most "
		}
		s += ", " + how + strings.Join(costs, " or ")
		s = strings.ReplaceAll(strings.ReplaceAll(s, how+"<", "<"), "<", "less than ")
	}
	return s
}

// some writes an estimate; what is unknown or nothing is a dash.
func some(n int64) string {
	if n == 0 {
		return "-"
	}
	return progress.Count(n)
}

// someSteps writes those of a training: "≤" where it may stop before.
func someSteps(e pipelines.Estimate) string {
	if e.AtMost {
		return "≤" + some(e.Steps)
	}
	return some(e.Steps)
}

func someBytes(n int64) string {
	if n == 0 {
		return "-"
	}
	return progress.Bytes(float64(n))
}

func hours(h float64) string {
	switch {
	case h == 0:
		return "-"
	case h < 0.005:
		return "<0.01"
	}
	return fmt.Sprintf("%.3g", h)
}
