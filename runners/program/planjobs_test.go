package program_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/stagetest"
	"github.com/retort-ml/retort/internal/storetest"
	"github.com/retort-ml/retort/pipelines/simclrv2"
	"github.com/retort-ml/retort/runners/program"
	"github.com/retort-ml/retort/runners/progress"
)

// TestPlan shows the jobs, what machines they get and what they cost.
func TestPlan(t *testing.T) {
	bucket := storetest.Bucket(t, "gs")
	c, err := simclrv2.Load("smoke", "", []string{"images=" + stagetest.Folder(t, 24, 4, "x", "y"), "labels=folder"})
	if err != nil {
		t.Fatal(err)
	}
	g, err := simclrv2.Build(c, bucket("run"), "auto")
	if err != nil {
		t.Fatal(err)
	}
	steps, err := g.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("../../docs/prices.yaml")
	if err != nil {
		t.Fatal(err)
	}
	prices := filepath.Join(t.TempDir(), "prices.yaml")
	stagetest.Write(t, prices, []byte(strings.ReplaceAll(strings.Replace(string(example), "currency: FILL-IN", "currency: EUR", 1), "FILL-IN", "3")))
	args := []string{"--runner", "dataflow", "--project", "my-project-1", "--region", "europe-west4", "--staging", "gs://b/s",
		"--machine-type", "n2-standard-8", "--accelerator", "type=nvidia-l4", "--accelerator-image", "h.io/p/i:1", "--accelerator-machine-type", "g2-standard-8", "--prices", prices}
	show := func(args ...string) (string, string) {
		var out, said bytes.Buffer
		var flags program.PlanFlags
		cmd := &cobra.Command{Use: "plan", RunE: func(cmd *cobra.Command, _ []string) error { return flags.Write(cmd, &out, &said, g.Root(), steps) }}
		flags.Register(cmd)
		cmd.SetArgs(args)
		if err := cmd.Execute(); err != nil {
			t.Fatal(err)
		}
		return out.String(), said.String()
	}
	out, said := show(args...)
	for _, want := range []string{"ingest, split", "n2-standard-8", "g2-standard-8, 1 x nvidia-l4", "machine hours  EUR", "EUR a month"} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q in\n%s", want, out)
		}
	}
	var plan struct{ Jobs []progress.Job }
	out, _ = show(append(args, "--json")...)
	if err := json.Unmarshal([]byte(out), &plan); err != nil || len(plan.Jobs) < 2 || plan.Jobs[0].Accelerated || !plan.Jobs[1].Accelerated || plan.Jobs[1].Cost <= 0 {
		t.Errorf("%v: %+v", err, plan.Jobs)
	}
	if !strings.Contains(said, "cannot run there yet: ") { // the images lie on this machine
		t.Errorf("what stands against it is not told: %q", said)
	}
}
