package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/retort-ml/retort/internal/crash"
	"github.com/retort-ml/retort/internal/storetest"
)

func TestMain(m *testing.M) {
	if err := crash.Arm(os.Getenv(crashEnv)); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){"retort": main})
}

// TestTranscripts runs the sessions in testdata through the real program.
func TestTranscripts(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	inBucket := storetest.Bucket(t, "s3")
	testscript.Run(t, testscript.Params{
		Dir: "testdata", RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("TFRECORD", filepath.Join(here, "../../io/tfrecord/testdata/reference/tfrecord")) // written by TensorFlow
			e.Setenv("TINY", filepath.Join(here, "testdata/config/tiny.yaml"))
			e.Setenv("BUCKET_RUN", inBucket("runs/x"))
			e.Setenv("NO_BUCKET", strings.Replace(inBucket("runs/x"), "retort-test", "no-such", 1))
			return nil
		},
		Cmds:      scriptCommands,
		Condition: scriptCondition,
	})
}

// scriptCondition: [root] the tests run as root; [unshare] a shell can have
// mounts of its own.
func scriptCondition(name string) (bool, error) {
	switch name {
	case "root":
		return os.Geteuid() == 0, nil
	case "unshare":
		return exec.Command("unshare", "-rm", "mount", "-t", "tmpfs", "none", os.TempDir()).Run() == nil, nil
	}
	return false, nil
}
