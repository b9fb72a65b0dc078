package flink_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// cluster is a Flink on this machine behind a job server, each a JVM; or a job server
// with a Spark inside.
type cluster struct {
	t         *testing.T
	runner    string // by its name in --runner
	jars      string // below what is installed
	home      string // of this cluster: its config and logs
	endpoint  string // of the job server
	processes map[string]*exec.Cmd
	rest, rpc int
}

// installed is where make flink-test put the jars and programs.
func installed(t *testing.T) string {
	t.Helper()
	at := os.Getenv("RETORT_FLINK")
	if at == "" {
		t.Skip("make flink-test runs it")
	}
	return at
}

// embedded is a job server with a Flink inside.
func embedded(t *testing.T) *cluster {
	c := prepare(t, 0) // it makes a Flink for every job: the port of one cancelled is taken for some seconds
	c.jobServer("--flink-master=[local]", "--flink-conf-dir="+c.home)
	return c
}

// standalone is a job manager with two task managers.
func standalone(t *testing.T) *cluster {
	c := prepare(t, freePort(t))
	c.java("jobmanager", "-Xmx600m", "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint", "--configDir", c.home)
	c.listens("jobmanager", c.rest)
	c.taskManager("tm1")
	c.taskManager("tm2")
	c.jobServer(fmt.Sprintf("--flink-master=localhost:%d", c.rest), "--flink-conf-dir="+c.home)
	return c
}

// spark is a job server with a Spark inside.
func spark(t *testing.T) *cluster {
	c := prepare(t, 0)
	c.runner, c.jars = "spark", "spark"
	c.jobServer("--spark-master-url=local[2]")
	return c
}

func prepare(t *testing.T, rest int) *cluster {
	t.Helper()
	installed(t)
	c := &cluster{t: t, runner: "flink", jars: unsent, home: t.TempDir(), processes: map[string]*exec.Cmd{}, rest: rest, rpc: freePort(t)}
	text := fmt.Sprintf(flinkConf, c.rpc, c.rest, c.home)
	if err := os.WriteFile(filepath.Join(c.home, "flink-conf.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for name := range c.processes {
			c.kill(name, syscall.SIGTERM)
		}
		noWorkers(t)
		if t.Failed() {
			c.logs()
		}
	})
	return c
}

// flinkConf: Flink's shell scripts compute the keys of memory; started bare, they must
// all be given. Without a restart strategy the first fault ends a job.
const flinkConf = `
jobmanager.rpc.address: localhost
jobmanager.rpc.port: %d
jobmanager.bind-host: localhost
taskmanager.bind-host: localhost
taskmanager.host: localhost
rest.address: localhost
rest.bind-address: localhost
rest.port: %d
jobmanager.memory.process.size: 1600m
taskmanager.numberOfTaskSlots: 2
taskmanager.cpu.cores: 1
taskmanager.memory.task.heap.size: 256m
taskmanager.memory.task.off-heap.size: 0m
taskmanager.memory.managed.size: 128m
taskmanager.memory.network.min: 160m
taskmanager.memory.network.max: 160m
taskmanager.network.sort-shuffle.min-buffers: 64
taskmanager.memory.framework.heap.size: 128m
taskmanager.memory.framework.off-heap.size: 128m
taskmanager.memory.jvm-metaspace.size: 256m
taskmanager.memory.jvm-overhead.min: 128m
taskmanager.memory.jvm-overhead.max: 128m
heartbeat.interval: 2000
heartbeat.timeout: 10000
restart-strategy: fixed-delay
restart-strategy.fixed-delay.attempts: 8
restart-strategy.fixed-delay.delay: 2 s
io.tmp.dirs: %s
`

// unsent is the folder of the jars. The job server would send those of its class path
// with every job, 157 MB and half a minute of a busy machine, were they not in a folder
// of this name; the task managers have them.
const unsent = "gradle/wrapper"

func (c *cluster) taskManager(name string) {
	c.java(name, "-Xmx400m -XX:MaxDirectMemorySize=450m", "org.apache.flink.runtime.taskexecutor.TaskManagerRunner", "--configDir", c.home, "-D", "taskmanager.resource-id="+name)
}

func (c *cluster) jobServer(args ...string) {
	port := freePort(c.t)
	class := map[string]string{"flink": "org.apache.beam.runners.flink.FlinkJobServerDriver", "spark": "org.apache.beam.runners.spark.SparkJobServerDriver"}
	c.java("jobserver", "-Xmx1g", class[c.runner], append([]string{"--job-host=localhost", fmt.Sprint("--job-port=", port),
		"--artifact-port=0", "--expansion-port=0", "--artifacts-dir=" + filepath.Join(c.home, "artifacts")}, args...)...)
	c.listens("jobserver", port)
	c.endpoint = fmt.Sprint("localhost:", port)
}

// java starts a JVM, whose output is its log.
func (c *cluster) java(name, heap, class string, args ...string) {
	c.t.Helper()
	all := append(strings.Fields(heap), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.showDateTime=true")
	for _, p := range strings.Fields("lang util nio net time util.concurrent util.concurrent.atomic text io lang.reflect lang.invoke") {
		all = append(all, "--add-opens=java.base/java."+p+"=ALL-UNNAMED")
	}
	all = append(all, "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED", "-cp", filepath.Join(installed(c.t), c.jars, "*"), class)
	program := "java"
	if home := os.Getenv("JAVA_HOME"); home != "" {
		program = filepath.Join(home, "bin", "java")
	}
	cmd := exec.Command(program, append(all, args...)...)
	log, err := os.Create(filepath.Join(c.home, name+".log"))
	if err != nil {
		c.t.Fatal(err)
	}
	defer log.Close()
	cmd.Dir = c.home // not where the test is: relative paths must be right all the same
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.processes[name] = cmd
}

func (c *cluster) kill(name string, s syscall.Signal) {
	cmd := c.processes[name]
	delete(c.processes, name)
	_ = cmd.Process.Signal(s)
	ended := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
	_ = cmd.Wait()
	ended.Stop()
}

// taskManagerOf is the task manager that started a process, or the job server with
// one inside.
func (c *cluster) taskManagerOf(pid int) string {
	for name, cmd := range c.processes {
		if name != "jobmanager" && cmd.Process.Pid == parentOf(pid) {
			return name
		}
	}
	return ""
}

// logs shows the ends of the logs.
func (c *cluster) logs() {
	files, _ := filepath.Glob(filepath.Join(c.home, "*.log"))
	for _, f := range files {
		data, _ := os.ReadFile(f)
		c.t.Logf("%s:\n…%s", filepath.Base(f), data[max(0, len(data)-3000):])
	}
}

func (c *cluster) listens(name string, port int) {
	c.t.Helper()
	waitFor(c.t, name+" listens", func() bool {
		conn, err := net.Dial("tcp", fmt.Sprint("localhost:", port))
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// waitFor waits until something holds.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain until ", what)
		}
	}
}
