package flink_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/retort-ml/retort/io/artifact"
)

// TestOverhead measures what Flink adds to *views* of coarse shards: that stage's time
// on Flink, less what a job costs whose stage does next to nothing, by the direct
// runner's, on all cores each; the medians of three rounds side by side.
func TestOverhead(t *testing.T) {
	if os.Getenv("RETORT_OVERHEAD") == "" {
		t.Skip("RETORT_OVERHEAD=1 bash runners/flink/test.sh -run TestOverhead")
	}
	c := embedded(t)
	images := filepath.Join(t.TempDir(), "images")
	made(t, "synth", "--out", images, "--classes", "4", "--per-class", "1000", "--size", "96")
	views := func(size, passes string, on ...string) float64 {
		out := filepath.Join(t.TempDir(), "run")
		defer os.RemoveAll(out)
		args := []string{"--preset", "demo", "--images", images, "--labels", "folder", "--out", out, "--only", "views", "--set", "size=" + size, "--set", "views.passes=" + passes, "--set", "views.shard_mb=512"}
		start(t, "retort", append(args, on...)...).end(0)
		data, err := os.ReadFile(filepath.Join(out, "views", artifact.TimingsName))
		var took artifact.Timings
		if err != nil || json.Unmarshal(data, &took) != nil {
			t.Fatal(err)
		}
		return took.Seconds
	}
	on := append(c.on("PROCESS")[:6:6], "--parallelism", "1")
	views("8", "1", on...) // the first job of a cluster takes longer
	var direct, flink, fixed []float64
	for range 3 {
		direct = append(direct, views("64", "20"))
		flink = append(flink, views("64", "20", on...))
		fixed = append(fixed, views("8", "1", on...)-views("8", "1"))
	}
	t.Logf("direct %.1f s, Flink %.1f s, a job %.1f s: %.3f times", direct, flink, fixed, (median(flink)-median(fixed))/median(direct))
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return x[len(x)/2]
}
