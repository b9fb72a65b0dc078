package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/retort-ml/retort/internal/storetest"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/runners/dataflow"
)

// shellCommands are the commands in a page's blocks of sh.
func shellCommands(t *testing.T, page string) (commands []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(text, -1) {
		commands = append(commands, strings.Split(strings.ReplaceAll(strings.TrimSpace(string(block[1])), "\\\n", ""), "\n")...)
	}
	return commands
}

// TestDataflowPageWorks: what docs/dataflow.md tells to type of this program is run,
// on a bucket of a server that stands in for Google's; files, targets and stages that
// it names exist, and its table has every option.
func TestDataflowPageWorks(t *testing.T) {
	work := t.TempDir()
	bucket := storetest.Bucket(t, "gs")("")
	retort, err := exec.LookPath("retort")
	if err != nil {
		t.Fatal(err)
	}
	prices, err := os.ReadFile("../../docs/prices.yaml")
	if err != nil {
		t.Fatal(err)
	}
	head := make([]byte, 120) // of a static program for linux/amd64
	copy(head, "\x7fELF\x02\x01\x01")
	head[16], head[18], head[20], head[32], head[52], head[54], head[56], head[58], head[64] = 2, 62, 1, 64, 64, 56, 1, 64, 1
	for name, data := range map[string][]byte{
		"bin/retort-xla": head, "static": head,
		"prices.yaml": []byte(strings.ReplaceAll(strings.Replace(string(prices), "currency: FILL-IN", "currency: EUR", 1), "FILL-IN", "1")),
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(work, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(work, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(retort, filepath.Join(work, "bin", "retort")); err != nil {
		t.Skip(err)
	}
	shell := func(command string) string {
		cmd := exec.CommandContext(t.Context(), "sh", "-ec", command)
		cmd.Dir = work
		cmd.Env = append(os.Environ(), "PROJECT=my-project-1", "REGION=europe-west4", "BUCKET="+strings.TrimPrefix(strings.TrimSuffix(bucket, "/"), "gs://"),
			"WORKER=retort-worker@my-project-1.iam.gserviceaccount.com", "IMAGE=europe-west4-docker.pkg.dev/my-project-1/retort/cuda:1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", command, err, out)
		}
		return string(out)
	}
	outputs := map[string]string{}
	for _, c := range shellCommands(t, "dataflow.md") {
		words := strings.Fields(c)
		switch words[0] {
		case "bin/retort":
			if strings.Contains(c, "--runner") {
				c += " --worker-binary static" // that of this test need not be
			}
			outputs[words[1]] = shell(c)
			if words[1] == "synth" {
				upload(t, filepath.Join(work, "shapes"), strings.TrimSuffix(bucket, "/")+"/shapes")
			}
		case "make":
			makefile, err := os.ReadFile("../../Makefile")
			if err != nil || !strings.Contains(string(makefile), "\n"+words[1]+":") {
				t.Errorf("there is no %s (%v)", c, err)
			}
		case "docker":
			checkDocker(t, c)
		}
	}
	if out := outputs["run"]; strings.Count(out, `"clientRequestId"`) != 3 || !strings.Contains(out, "3 jobs would start; nothing was sent") || strings.Count(out, "g2-standard-8") < 1 {
		t.Errorf("run --dry-run:\n%s", out)
	}
	if out := outputs["plan"]; !strings.Contains(out, "g2-standard-8, 1 x nvidia-l4") || !strings.Contains(out, "3 jobs, about ") || strings.Contains(out, "cannot run there") {
		t.Errorf("plan:\n%s", out)
	}
	text, err := os.ReadFile("../../docs/dataflow.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range (dataflow.Runner{}).AddFlags(pflag.NewFlagSet("", pflag.ContinueOnError)) {
		if !regexp.MustCompile("(?m)^\\|.*`--" + name + "`").Match(text) {
			t.Errorf("the table of options has no --%s", name)
		}
	}
}

// checkDocker: the Dockerfile of a docker build, and its stage, exist.
func checkDocker(t *testing.T, command string) {
	t.Helper()
	m := regexp.MustCompile(`docker build -f (\S+)(?: --target (\S+))?`).FindStringSubmatch(command)
	if m == nil {
		return
	}
	text, err := os.ReadFile(filepath.Join("..", "..", m[1]))
	if err != nil || m[2] != "" && !strings.Contains(string(text), " AS "+m[2]+"\n") {
		t.Errorf("%s: no such file, or no such stage in it (%v)", command, err)
	}
}

// upload copies twenty images of each class.
func upload(t *testing.T, folder, url string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*", "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, len(files))
	}
	dir, err := blob.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, f := range files {
		class := filepath.Base(filepath.Dir(f))
		if count[class]++; count[class] > 20 {
			continue
		}
		data, err := os.ReadFile(f)
		if err == nil {
			err = dir.WriteFile(class+"/"+filepath.Base(f), data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
