package flink_test

import (
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/retort-ml/retort/internal/stagetest"
	"github.com/retort-ml/retort/internal/storetest"
)

// TestPool: workers of a pool that was started before, on Flink.
func TestPool(t *testing.T) {
	inPool(t, embedded(t))
	noWorkers(t)
}

// TestContainers: workers in containers, on Flink.
func TestContainers(t *testing.T) { inContainers(t, embedded(t)) }

// TestSpark: the same on Spark, in every environment.
func TestSpark(t *testing.T) {
	c := spark(t)
	images := stagetest.Folder(t, 24, 12, "across", "along", "both")
	direct := filepath.Join(t.TempDir(), "direct")
	start(t, "retort", smoke(images, direct)...).end(0)
	for _, environment := range []string{"LOOPBACK", "PROCESS"} {
		out := filepath.Join(t.TempDir(), environment)
		start(t, "retort", append(smoke(images, out), c.on(environment)...)...).end(0)
		same(t, direct, out)
	}
	inPool(t, c)
	t.Run("containers", func(t *testing.T) { inContainers(t, c) })
	noWorkers(t)
}

func inPool(t *testing.T, c *cluster) {
	t.Helper()
	images := stagetest.Folder(t, 24, 12, "across", "along", "both")
	direct, out := filepath.Join(t.TempDir(), "direct"), filepath.Join(t.TempDir(), "pool")
	start(t, "retort", smoke(images, direct)...).end(0)
	at := fmt.Sprint("localhost:", freePort(t))
	pool := exec.Command(filepath.Join(installed(t), "bin", "retort"), "--worker_pool="+at)
	pool.Stderr = t.Output()
	if err := pool.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = pool.Process.Kill()
		_ = pool.Wait()
	}()
	start(t, "retort", append(smoke(images, out), append(c.on("EXTERNAL"), "--environment-config", at)...)...).end(0)
	same(t, direct, out)
}

// inContainers runs in a bucket: containers see no folders of this machine.
func inContainers(t *testing.T, c *cluster) {
	t.Helper()
	if out, err := exec.Command("docker", "info").CombinedOutput(); err != nil {
		t.Skipf("no container engine answers (docker info: %s)", strings.TrimSpace(string(out)))
	}
	image := builtImage(t)
	in := storetest.Bucket(t, "s3")
	upload(t, stagetest.Folder(t, 24, 12, "across", "along", "both"), in("images"))
	start(t, "retort", smoke(in("images"), in("direct"))...).end(0)
	start(t, "retort", append(smoke(in("images"), in("containers")), append(c.on("DOCKER"), "--environment-config", image)...)...).end(0)
	same(t, in("direct"), in("containers"))
	waitFor(t, "all containers have ended", func() bool {
		out, err := exec.Command("docker", "ps", "-q", "--filter", "ancestor="+image).Output()
		return err == nil && len(out) == 0
	})
}

// builtImage is one with the program and nothing else.
func builtImage(t *testing.T) (name string) {
	t.Helper()
	dir := t.TempDir()
	data, err := os.ReadFile(filepath.Join(installed(t), "bin", "retort"))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "retort"), data, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM scratch\nCOPY retort /opt/retort\nWORKDIR /tmp\nENTRYPOINT [\"/opt/retort\"]\n"), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	name = "retort-test:" + strings.ToLower(rand.Text()[:12])
	t.Cleanup(func() { // the runner does not always
		out, _ := exec.Command("docker", "ps", "-aq", "--filter", "ancestor="+name).Output()
		_ = exec.Command("docker", append([]string{"rm", "-f"}, strings.Fields(string(out))...)...).Run()
		_ = exec.Command("docker", "rmi", name).Run()
	})
	if out, err := exec.Command("docker", "build", "-q", "-t", name, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return name
}
